import { Injectable } from '@nestjs/common';
import { Conditions } from '../../lists/conditions.js';
import { byCreation, type List, Lists, type Order } from '../../lists/lists.js';

/** A member of the export: all that one feature stores about a user. */
export interface DataSection {
  /** The member of the file. */
  name: string;
  /** The tables that it covers. */
  tables: readonly string[];
  /** Whether it is left out of exports by admins. */
  isPrivate?: boolean;
  /** The rows in the form of the file, in batches, as they may not fit into memory. Never hashes or tokens. */
  rows: (userId: string) => AsyncIterable<object[]>;
}

/** SQL for the rows of a user; ordered by id by default. */
export interface DataRows {
  /** `jsonb_build_object(…)`: the exported members of a row. */
  shown: string;
  from: string;
  /** Condition: the row belongs to the user, `$` being their id. */
  where: string;
  /** The unique column; `id` by default. */
  id?: string;
  /** Ordered by `created_at`, where the index by owner is. */
  isByCreation?: boolean;
}

/** Sections of the personal-data export. Features register their own, as this folder must not import them. */
@Injectable()
export class PersonalData {
  readonly sections: DataSection[] = [];

  constructor(private readonly lists: Lists) {}

  /** Adds a section; a module does that when it is initialised. */
  register(section: DataSection): void {
    this.sections.push(section);
  }

  /** Adds a section whose rows are read by SQL. */
  registerRows({ rows, ...section }: Omit<DataSection, 'rows'> & { rows: DataRows }): void {
    this.register({ ...section, rows: (userId) => this.walk(rows, userId) });
  }

  private async *walk(rows: DataRows, userId: string): AsyncGenerator<object[]> {
    for await (const batch of this.lists.walk(() => listOf(rows, userId))) yield batch.map(({ shown }) => shown);
  }
}

interface Shown {
  id: string;
  createdAt: Date;
  shown: object;
}

function listOf({ shown, from, where, id = 'id', isByCreation }: DataRows, userId: string): List<Shown> {
  const conditions = new Conditions();
  const byId: Order<Shown> = { expression: id, type: 'uuid', valueOf: (row) => row.id };
  const count = where.split('$').length - 1;
  conditions.add(`(${where})`, ...Array<string>(count).fill(userId));
  return {
    identity: ['personal-data', from, userId],
    columns: `${id} AS id, created_at AS "createdAt", ${shown} AS shown`,
    from,
    conditions,
    id,
    order: isByCreation ? byCreation() : byId,
    descending: false,
  };
}

/** SQL: a timestamp in the format of all other JSON. */
export const timeAs = (name: string, column = name): string =>
  `'${name}', to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
