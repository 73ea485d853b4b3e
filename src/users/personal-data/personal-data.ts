import { Injectable } from '@nestjs/common';
import { Conditions } from '../../lists/conditions.js';
import { byCreation, type List, Lists, type Order } from '../../lists/lists.js';

/** A member of the export: a list of all that one feature keeps of somebody. */
export interface DataSection {
  /** The member of the file. */
  name: string;
  /** The tables that it tells of. */
  tables: readonly string[];
  /** Whether it is for nobody else's eyes, admins' neither. */
  isPrivate?: boolean;
  /** The rows as they stand in the file, in batches: somebody may have more than fit into memory. Never a hash, nor a token. */
  rows: (userId: string) => AsyncIterable<object[]>;
}

/** Where the rows of somebody stand, in SQL. They are in the order of their ids unless said. */
export interface DataRows {
  /** `jsonb_build_object(…)`: what of a row is shown. */
  shown: string;
  from: string;
  /** The condition that it is theirs, with `$` for their id. */
  where: string;
  /** The column that tells the rows apart; `id` unless said. */
  id?: string;
  /** In the order of `created_at`, where that is what the index of their owner has. */
  isByCreation?: boolean;
}

/** What is told to somebody who asks for all that is kept of them. Features register what is theirs, as nothing here knows of them. */
@Injectable()
export class PersonalData {
  readonly sections: DataSection[] = [];

  constructor(private readonly lists: Lists) {}

  /** Adds a section; a module does that when it is initialised. */
  register(section: DataSection): void {
    this.sections.push(section);
  }

  /** Adds a section of rows that are shown as they stand in the database. */
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

/** A time as JSON has it everywhere else, in SQL. */
export const timeAs = (name: string, column = name): string =>
  `'${name}', to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
