import { SettingsError } from '../config/environment.js';
import { Problem } from '../errors.js';

/** A command can't do what it was asked for; the message is for whoever asked. */
export class Failure extends Error {}

/** What went wrong, for people: a line, and below it one for each setting or field that is wrong. */
export function explain(error: unknown): string {
  if (error instanceof SettingsError) return ['The settings are wrong.', ...error.problems].join('\n  ');
  if (error instanceof Problem) return explainProblem(error);
  return error instanceof Error ? explainError(error) : String(error);
}

function explainProblem({ detail, extras: { errors = [] } }: Problem): string {
  const fields = errors.map(({ pointer = '', detail }) => `${pointer.slice(1)}: ${detail}`);
  if (fields.length < 2) return fields[0] ?? detail;
  return ['This is not as it must be.', ...fields].join('\n  ');
}

/** Node tells of a connection that was tried in two ways, and failed in both, by an error without a message. */
function explainError(error: Error & { code?: string; errors?: Error[] }): string {
  const { name, errors = [] } = error;
  const message = [error.message, ...errors.map(({ message }) => message)].filter(Boolean).join(', ') || name;
  return isConnectionFailure(error) ? `The database can't be reached: ${message}` : message;
}

const isConnectionFailure = ({ code = '', message }: Error & { code?: string }) =>
  /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|08|57P03)/.test(code) || /connection timeout/i.test(message);
