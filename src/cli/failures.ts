import { SettingsError } from '../config/environment.js';
import { Problem } from '../problems.js';

/** A command can't do what it was asked for; the message is for whoever asked. */
export class Failure extends Error {}

/** What node and its drivers throw. */
interface Thrown {
  name?: string;
  message?: string;
  code?: string;
  /** Of a connection that was tried in several ways, and failed in all of them: each way's own error. */
  errors?: Thrown[];
}

/** What went wrong, for people: a line, and below it one for each setting or field that is wrong. */
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
