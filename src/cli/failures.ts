import { SettingsError } from '../config/environment.js';
import { Problem } from '../problems.js';

/** A command can't do what it was asked for; the message is shown to the user. */
export class Failure extends Error {}

/** An error of node or its drivers. */
interface Thrown {
  name?: string;
  message?: string;
  code?: string;
  /** Of an AggregateError: a connection that failed at several addresses. */
  errors?: Thrown[];
}

/** The message of an error for people: a line, and below it one for each invalid setting or field. */
export function explain(error: unknown): string {
  if (error instanceof SettingsError) return ['The settings are wrong.', ...error.problems].join('\n  ');
  if (error instanceof Problem) return explainProblem(error);
  return typeof error === 'object' && error !== null ? explainThrown(error) : String(error);
}

function explainProblem({ detail, extras: { errors = [] } }: Problem): string {
  const fields = errors.map(({ pointer = '', detail }) => `${pointer.slice(1)}: ${detail}`);
  if (fields.length < 2) return fields[0] ?? detail;
  return ['This is not as it must be.', ...fields].join('\n  ');
}

function explainThrown({ name, message, code = '', errors = [] }: Thrown): string {
  const messages = [message, ...errors.map(({ message }) => message)].filter(Boolean);
  const text = messages.join(', ') || (name ?? 'unknown');
  const isAboutConnecting = CONNECTING.test(code) || /connection timeout/i.test(text);
  return isAboutConnecting ? `The database can't be reached: ${text}` : text;
}

const CONNECTING = /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|08|57P03)/;
