/** Rows of an import that invite somebody. */
import type { EntityManager } from 'typeorm';
import type { ProblemCode } from '../../problems.js';
import type { Call } from '../../request.js';
import type { ImportResultDto } from './import.dto.js';
import { failureOf, rowProblem } from './import-results.js';
import type { ImportRowDto } from './import-row.js';
import { INVITEES } from './import.statements.js';

type InviteRow = Pick<ImportRowDto, 'email' | 'role' | 'username' | 'display_name' | 'locale'> & { line: number };

/** Makes and mails an invitation. @throws Problem as `POST /api/invitations` */
export type Invite = (row: { email: string; role?: 'user' | 'admin'; username?: string; display_name?: string | null; locale?: string }, call: Call) => Promise<unknown>; // prettier-ignore

/**
 * The rows that can be invited, without inviting them; results of the others are added. Accounts that earlier statements of the
 * transaction have added count.
 */
export async function invitable<Row extends InviteRow>(
  db: EntityManager,
  rows: Row[],
  results: ImportResultDto[],
): Promise<Row[]> {
  if (rows.length === 0) return [];
  const found = await db.query<{ email: string; code: ProblemCode }[]>(INVITEES.text, [rows.map(({ email }) => email)]);
  const problems = new Map(found.map(({ email, code }) => [email, code]));
  return rows.filter(({ line, email }) => {
    const code = problems.get(email);
    if (code !== undefined) results.push(failureOf(line, rowProblem(code, '/email')));
    else problems.set(email, 'invitation_open'); // for a later row with this address
    return code === undefined;
  });
}

/** Invites by a row, and returns its result. @throws the error when it isn't about the row */
export async function inviteRow(invite: Invite | undefined, row: InviteRow, call: Call): Promise<ImportResultDto> {
  const { line, email, role, username, display_name, locale } = row;
  const members = Object.entries({ role, username, display_name, locale: locale ?? undefined });
  try {
    await invite?.(
      { email, ...Object.fromEntries(members.filter(([, value]) => value !== undefined)) },
      unclaimed(call),
    );
    return { line, status: 'added' };
  } catch (error) {
    return failureOf(line, error);
  }
}

/** The call without its claim on an `Idempotency-Key`, under which the import's own answer is stored. */
const unclaimed = ({ me, credential, ip, userAgent, requestId, signal, acceptLanguage }: Call): Call => ({
  me,
  credential,
  ip,
  userAgent,
  requestId,
  signal,
  acceptLanguage,
});
