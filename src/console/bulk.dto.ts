import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsUUID } from 'class-validator';
import { OneOf, Optional } from '../http/fields.js';
import type { ProblemCode } from '../problems.js';
import { Reason } from '../users/user-fields.js';

const BULK_ACTIONS = ['deactivate', 'activate', 'delete', 'restore', 'end_sessions'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];
const MOST_AT_ONCE = 100;

/** One thing to do to many users. */
export class BulkDto {
  /** Whom: 1 to 100 ids; one that is repeated counts once. @example ["01890a5d-ac96-774b-bcce-b302099a8057"] */
  @Transform(({ value }: { value: unknown }) => (Array.isArray(value) ? [...new Set(value.map(lowerCase))] : value))
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: `must have 1 to ${MOST_AT_ONCE} ids` })
  @ArrayMaxSize(MOST_AT_ONCE, { message: `must have 1 to ${MOST_AT_ONCE} ids` })
  @IsUUID('all', { each: true, message: 'must be UUIDs' })
  ids: string[];

  /** What. */
  @OneOf(BULK_ACTIONS)
  action: BulkAction;

  /** Why, of what deactivates or deletes; kept with the events. @example "Spam" */
  @Optional()
  @Reason()
  reason?: string;
}

const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/** What came of it for one of them. */
export class BulkResultDto {
  id: string;
  /** The status that the request for this one alone would have had. @example 200 */
  status: number;
  /** Why it wasn't done. */
  code?: ProblemCode;
}

/** What came of it, in the order of the ids. */
export class BulkResultsDto {
  results: BulkResultDto[];
}
