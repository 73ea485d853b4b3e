import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import {
  assignmentsOf,
  beginningWith,
  changing,
  Conditions,
  containing,
  hasVersion,
  isShort,
} from '../lists/conditions.js';
import { Database } from '../database/database.js';
import { composedStatement, statement } from '../database/statement.js';
import type { Call } from '../request.js';
import { notFound } from '../problems.js';
import { byCreation, type List, Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { PersonalData, timeAs } from '../users/personal-data/personal-data.js';
import { UserPurges } from '../users/user-purges.js';
import { storing } from '../idempotency/idempotent.js';
import { assertMatches } from '../http/conditional-requests.js';
import { type CreateTaskDto, type TaskDto, type TaskRow, type TasksQuery, toTaskDto, type UpdateTaskDto } from './tasks.dto.js'; // prettier-ignore

const COLUMNS = `id, user_id AS "userId", title, description, is_completed AS "isCompleted",
  created_at AS "createdAt", updated_at AS "updatedAt", version`;

// every statement includes the owner: for others the task doesn't exist (404)
const BY_ID = statement('tasks.by_id', `SELECT ${COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2`);
const INSERT = statement(
  'tasks.insert',
  `INSERT INTO tasks (id, user_id, title, description, is_completed) VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
);
const DELETE = statement(
  'tasks.delete',
  `DELETE FROM tasks WHERE id = $1 AND user_id = $2 AND ${hasVersion('$3')} RETURNING id`,
);

const BATCH = 1000;

/** Deletes a batch of an owner's tasks. */
const PURGE = statement(
  'tasks.purge',
  `DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE user_id = $1 LIMIT ${BATCH}) RETURNING id`,
);

/** All tasks of an owner, for the export of their data. */
const OWN = {
  shown: `jsonb_build_object('id', id, 'title', title, 'description', description, 'is_completed', is_completed,
    ${timeAs('created_at')}, ${timeAs('updated_at')})`,
  from: 'tasks',
  where: 'user_id = $',
  isByCreation: true,
};

/** Tasks, each visible to its owner only. */
@Injectable()
export class TasksService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly lists: Lists,
    private readonly purges: UserPurges,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    this.purges.register((ownerId) => this.removeOf(ownerId));
    this.personalData.registerRows({ name: 'tasks', tables: ['tasks'], isPrivate: true, rows: OWN });
  }

  /** A page of the caller's tasks, newest first. */
  list(query: TasksQuery, { me }: Call): Promise<Page<TaskDto>> {
    return this.lists.page(taskList(me.id, query), query, toTaskDto);
  }

  /** Adds a task. */
  async create({ title, description, is_completed }: CreateTaskDto, call: Call): Promise<TaskDto> {
    const values = [uuidv7(), call.me.id, title, description, is_completed ?? false];
    const answer = storing<TaskRow>(call, ([row]) => row && { answer: toTaskDto(row) });
    const [task] = await this.database.write<TaskRow>(INSERT, values, answer);
    this.lists.changed('tasks');
    return toTaskDto(task as TaskRow);
  }

  /** @throws Problem 404 */
  async get(id: string, call: Call): Promise<TaskDto> {
    return toTaskDto(await this.find(id, call));
  }

  /** Changes the members that `dto` contains. @throws Problem 404, 412 */
  async update(id: string, dto: UpdateTaskDto, call: Call): Promise<TaskDto> {
    const { values, ...change } = assignmentsOf(
      dto,
      ['title', 'description', 'is_completed'],
      [id, call.me.id, call.versions],
    );
    const update = composedStatement(
      `WITH ${changing({ table: 'tasks', where: `id = $1 AND user_id = $2 AND ${hasVersion('$3')}`, ...change })}
       SELECT ${COLUMNS} FROM current`,
    );
    const [task] = await this.database.write<TaskRow>(update, values);
    if (!task) return this.fail(id, call);
    this.lists.changed('tasks'); // affects lists filtered by `is_completed`
    return toTaskDto(task);
  }

  /** @throws Problem 404, 412 */
  async delete(id: string, call: Call): Promise<void> {
    const deleted = await this.database.write(DELETE, [id, call.me.id, call.versions]);
    if (deleted.length === 0) await this.fail(id, call);
    this.lists.changed('tasks');
  }

  private async removeOf(ownerId: string): Promise<void> {
    let removed: unknown[];
    do removed = await this.database.write(PURGE, [ownerId]);
    while (removed.length === BATCH);
  }

  private async find(id: string, { me }: Call): Promise<TaskRow> {
    const [task] = await this.database.read<TaskRow>(BY_ID, [id, me.id]);
    if (!task) throw notFound('task');
    return task;
  }

  /** Why nothing was written: the task doesn't exist, or `If-Match` names another version. */
  private async fail(id: string, call: Call): Promise<never> {
    assertMatches(toTaskDto(await this.find(id, call)), call.versions);
    throw notFound('task'); // the task or its version appeared only after the statement
  }
}

function taskList(ownerId: string, { is_completed, q }: TasksQuery): List<TaskRow> {
  const conditions = new Conditions();
  conditions.add('user_id = $', ownerId);
  if (is_completed !== undefined) conditions.add('is_completed = $', is_completed);
  if (q && isShort(q)) conditions.add('fold_case(title) LIKE fold_case($)', beginningWith(q));
  else if (q)
    conditions.add(`fold_case(title || E'\\n' || coalesce(description, '')) LIKE fold_case($)`, containing(q));
  return {
    identity: ['tasks', ownerId, is_completed, q],
    columns: COLUMNS,
    from: 'tasks',
    conditions,
    order: byCreation(),
    descending: true,
  };
}
