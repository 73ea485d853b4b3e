import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { Id } from '../http/fields.js';
import { OwnId } from '../http/own-id.js';
import type { Page } from '../lists/pages.js';
import { ConditionalWrite, IfMatch } from '../http/conditional-requests.js';
import { CreateTaskDto, type TaskDto, TasksQuery, UpdateTaskDto } from './tasks.dto.js';
import { TasksService } from './tasks.service.js';

/** One's own tasks. Another's are out of reach, for admins too. Older clients leave `users/` out of the path. */
@Controller(['users/:user_id/tasks', ':user_id/tasks'])
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  /** Lists one's own tasks, newest first. */
  @Get()
  listTasks(@OwnId() ownerId: string, @Query() query: TasksQuery): Promise<Page<TaskDto>> {
    return this.tasks.list(ownerId, query);
  }

  /** Adds a task of one's own. */
  @Post()
  createTask(@OwnId() ownerId: string, @Body() dto: CreateTaskDto): Promise<TaskDto> {
    return this.tasks.create(ownerId, dto);
  }

  /** Finds one of one's own tasks. */
  @Get(':id')
  getTask(@OwnId() ownerId: string, @Id() id: string): Promise<TaskDto> {
    return this.tasks.get(ownerId, id);
  }

  /** Changes one of one's own tasks; what is left out stays as it is. */
  @Put(':id')
  @ConditionalWrite()
  replaceTask(
    @OwnId() ownerId: string,
    @Id() id: string,
    @Body() dto: UpdateTaskDto,
    @IfMatch() versions?: number[],
  ): Promise<TaskDto> {
    return this.tasks.update({ ownerId, id, versions }, dto);
  }

  /** Changes one of one's own tasks, exactly as PUT does. */
  @Patch(':id')
  @ConditionalWrite()
  updateTask(
    @OwnId() ownerId: string,
    @Id() id: string,
    @Body() dto: UpdateTaskDto,
    @IfMatch() versions?: number[],
  ): Promise<TaskDto> {
    return this.tasks.update({ ownerId, id, versions }, dto);
  }

  /** Deletes one of one's own tasks. */
  @Delete(':id')
  @HttpCode(204)
  deleteTask(@OwnId() ownerId: string, @Id() id: string, @IfMatch() versions?: number[]): Promise<void> {
    return this.tasks.delete({ ownerId, id, versions });
  }
}
