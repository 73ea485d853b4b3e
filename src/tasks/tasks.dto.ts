import { BooleanField, ClearableText, Length, NotBlank, Optional, QueryBoolean, SearchText } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { withVersion } from '../http/conditional-requests.js';
import type { Task } from './task.entity.js';

/** A new task. */
export class CreateTaskDto {
  /** @example "Water the plants" */
  @Length(1, 200)
  @NotBlank()
  title: string;

  /** @example "Not the cactus." */
  @ClearableText(5000)
  description?: string | null;

  /** Whether it is done; false by default. */
  @Optional()
  @BooleanField()
  is_completed?: boolean;
}

/** A change of a task; members that are left out don't change. @bodies is_completed | title, description */
export class UpdateTaskDto {
  /** @example "Water the plants" */
  @Optional()
  @Length(1, 200)
  @NotBlank()
  title?: string;

  /** null clears it. @example "Not the cactus." */
  @ClearableText(5000)
  description?: string | null;

  /** Whether it is done. @example true */
  @Optional()
  @BooleanField()
  is_completed?: boolean;
}

/** Which tasks to list. */
export class TasksQuery extends PageQuery {
  /** Only those that are done, or aren't. */
  @Optional()
  @QueryBoolean()
  is_completed?: boolean;

  /** A part of the title or description, without regard to case. */
  @SearchText()
  q?: string;
}

/** A task as its owner sees it. @versioned */
export class TaskDto {
  id: string;
  user_id: string;
  /** @example "Water the plants" */
  title: string;
  /** @example "Not the cactus." */
  description: string | null;
  is_completed: boolean;
  created_at: Date;
  updated_at: Date;
}

/** The selected columns. */
export type TaskRow = Omit<Task, 'user'>;

/** Maps a row of a task. */
export function toTaskDto(task: TaskRow): TaskDto {
  const dto: TaskDto = {
    id: task.id,
    user_id: task.userId,
    title: task.title,
    description: task.description,
    is_completed: task.isCompleted,
    created_at: task.createdAt,
    updated_at: task.updatedAt,
  };
  return withVersion(dto, { version: task.version, path: `/api/users/${task.userId}/tasks/${task.id}` });
}
