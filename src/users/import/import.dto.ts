import { OneOf, QueryBoolean } from '../../http/fields.js';

export const CONFLICTS = ['skip', 'update', 'fail'] as const;
export const RESULTS = ['failed', 'all'] as const;

/** How to import. */
export class ImportQuery {
  /** Tries everything and writes nothing. */
  @QueryBoolean()
  dry_run: boolean = false;

  /** What becomes of a row whose account is there already; with `fail`, one bad row keeps all others out. */
  @OneOf(CONFLICTS)
  on_conflict: (typeof CONFLICTS)[number] = 'skip';

  /** Which rows to tell of. */
  @OneOf(RESULTS)
  results: (typeof RESULTS)[number] = 'failed';
}

/** What became of a row. */
export class ImportResultDto {
  /** Of the file, 1 for the first. @example 3 */
  line: number;
  /** @example "failed" */
  status: 'added' | 'updated' | 'skipped' | 'failed';
  /** The account. @example "0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11" */
  id?: string;
  /** Why it failed. @example "hash_not_supported" */
  code?: string;
  /** The member that it failed by. @example "/password_hash" */
  pointer?: string;
  /** @example "This hash cannot be verified here." */
  detail?: string;
}

/** What became of an import. */
export class ImportDto {
  /** @example 1000 */
  total: number;
  /** @example 990 */
  added: number;
  /** @example 0 */
  updated: number;
  /** @example 7 */
  skipped: number;
  /** @example 3 */
  failed: number;
  /** The rows that failed; with `results=all` all of them. */
  results: ImportResultDto[];
}
