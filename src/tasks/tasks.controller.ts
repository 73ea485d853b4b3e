import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { Scoped } from '../access.js';
import type { Call } from '../request.js';
import { Id } from '../http/fields.js';
import { OwnCall } from '../http/own-call.js';
import type { Page } from '../lists/pages.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ConditionalWrite } from '../http/conditional-requests.js';
import { CreateTaskDto, type TaskDto, TasksQuery, UpdateTaskDto } from './tasks.dto.js';
import { TasksService } from './tasks.service.js';

/** One's own tasks. Those of others are inaccessible, also to admins. Older clients leave `users/` out of the path. */
@Controller(['api/users/:user_id/tasks', 'api/:user_id/tasks'])
@Scoped('tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  /** Lists one's own tasks, newest first. */
  @Get()
  listTasks(@OwnCall() call: Call, @Query() query: TasksQuery): Promise<Page<TaskDto>> {
    return this.tasks.list(query, call);
  }

  /** Adds a task of one's own. */
  @Post()
  @Idempotent()
  createTask(@OwnCall() call: Call, @Body() dto: CreateTaskDto): Promise<TaskDto> {
    return this.tasks.create(dto, call);
  }

  /** Finds one of one's own tasks. */
  @Get(':id')
  getTask(@OwnCall() call: Call, @Id() id: string): Promise<TaskDto> {
    return this.tasks.get(id, call);
  }

  /** Changes one of one's own tasks; members that are left out don't change. */
  @Put(':id')
  @ConditionalWrite()
  replaceTask(@OwnCall() call: Call, @Id() id: string, @Body() dto: UpdateTaskDto): Promise<TaskDto> {
    return this.tasks.update(id, dto, call);
  }

  /** Changes one of one's own tasks; members that are left out don't change. */
  @Patch(':id')
  @ConditionalWrite()
  updateTask(@OwnCall() call: Call, @Id() id: string, @Body() dto: UpdateTaskDto): Promise<TaskDto> {
    return this.tasks.update(id, dto, call);
  }

  /** Deletes one of one's own tasks. */
  @Delete(':id')
  @HttpCode(204)
  @ConditionalWrite()
  deleteTask(@OwnCall() call: Call, @Id() id: string): Promise<void> {
    return this.tasks.delete(id, call);
  }
}
