import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsUUID } from 'class-validator';
import { OneOf, Optional } from '../http/fields.js';
import type { ProblemCode } from '../problems.js';
import { Reason } from '../users/user-fields.js';

const BULK_ACTIONS = ['deactivate', 'activate', 'delete', 'restore', 'end_sessions'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];
const MOST_AT_ONCE = 100;

/** An action on many users. */
export class BulkDto {
  /** 1 to 100 ids; duplicates count once. @example ["01890a5d-ac96-774b-bcce-b302099a8057"] */
  @Transform(({ value }: { value: unknown }) => (Array.isArray(value) ? [...new Set(value.map(lowerCase))] : value))
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: `must have 1 to ${MOST_AT_ONCE} ids` })
  @ArrayMaxSize(MOST_AT_ONCE, { message: `must have 1 to ${MOST_AT_ONCE} ids` })
  @IsUUID('all', { each: true, message: 'must be UUIDs' })
  ids: string[];

  /** The action. */
  @OneOf(BULK_ACTIONS)
  action: BulkAction;

  /** The reason for deactivating or deleting; stored with the events. @example "Spam" */
  @Optional()
  @Reason()
  reason?: string;
}

const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/** The result for one user. */
export class BulkResultDto {
  id: string;
  /** The status that a request for this user alone would have. @example 200 */
  status: number;
  /** The code of the failure. */
  code?: ProblemCode;
}

/** The results, in the order of the ids. */
export class BulkResultsDto {
  results: BulkResultDto[];
}
