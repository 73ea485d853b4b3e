import { isCommonPassword } from './common-passwords.js';

/** bcrypt reads so many bytes of a password (UTF-8) and ignores the rest. */
const MAX_PASSWORD_BYTES = 72;
/** Most characters (code points) of a password with a pepper, whose HMAC reads any length. */
const MAX_PEPPERED_CHARACTERS = 128;

/**
 * Passwords of more UTF-16 code units aren't normalised: they are too long in any form, as NFC shortens a text to a quarter
 * at most, and it takes 0.5 s for 60 KB of combining marks.
 */
const MAX_NORMALIZED = 1024;

/** What the rules depend on, besides the password. */
export interface PasswordContext {
  /** Fewest characters (code points). */
  minLength: number;
  /** Whether a pepper is configured, which lifts the limit of 72 bytes. */
  peppered: boolean;
  email?: string | null;
  username?: string;
}

/** Why a password is refused: a stable code, and a sentence for people. */
export interface PasswordProblem {
  code: 'password_invalid' | 'password_too_short' | 'password_too_long' | 'password_common' | 'password_context';
  detail: string;
}

/** The form in which passwords are checked and hashed: NFC, as keyboards differ in how they compose an é. */
export function normalizePassword(raw: string): string {
  return raw.length > MAX_NORMALIZED ? raw : raw.normalize('NFC');
}

/** Whether bcrypt, directly or after a pepper, reads the whole of a normalised password. */
export function isHashable(password: string, peppered: boolean): boolean {
  const normalized = normalizePassword(password);
  return isText(normalized) && !isTooLong(normalized, peppered);
}

/** The first reason to refuse a new password, or undefined. There are no composition rules. */
export function passwordProblem(password: string, context: PasswordContext): PasswordProblem | undefined {
  const normalized = normalizePassword(password);
  const problem = (code: PasswordProblem['code'], detail: string) => ({ code, detail });

  if (!isText(normalized)) {
    return problem('password_invalid', 'A password cannot contain NUL characters or halves of characters.');
  }
  if (lengthOf(normalized) < context.minLength) {
    return problem('password_too_short', `A password needs at least ${context.minLength} characters.`);
  }
  if (isTooLong(normalized, context.peppered)) {
    return problem('password_too_long', `A password can have at most ${limitOf(context.peppered)}.`);
  }
  if (namesOf(context).some((name) => isMadeOf(normalized, name))) {
    return problem('password_context', 'A password cannot be your username or e-mail address.');
  }
  if (isOneCharacter(normalized) || isCommonPassword(normalized)) {
    return problem('password_common', 'This password is among the first that anyone would try. Choose a rarer one.');
  }
  return undefined;
}

/** Whether it has neither NUL characters nor lone surrogates. */
export function isText(password: string): boolean {
  return !password.includes('\0') && !/\p{Surrogate}/u.test(password); // with the u flag, a surrogate pair is one character and doesn't match
}

function lengthOf(password: string): number {
  return [...password].length;
}

function isTooLong(password: string, peppered: boolean): boolean {
  return peppered
    ? lengthOf(password) > MAX_PEPPERED_CHARACTERS
    : Buffer.byteLength(password, 'utf8') > MAX_PASSWORD_BYTES;
}

function limitOf(peppered: boolean): string {
  return peppered
    ? `${MAX_PEPPERED_CHARACTERS} characters`
    : `${MAX_PASSWORD_BYTES} bytes in UTF-8 (a plain letter or digit is one byte, others are two to four)`;
}

function isOneCharacter(password: string): boolean {
  return new Set(password).size === 1;
}

function namesOf({ email, username }: PasswordContext): string[] {
  return [username, email, email?.split('@')[0]].filter(
    (name) => name !== undefined && name !== null && name !== '',
  ) as string[];
}

/** Whether a password is only the name: as it is, repeated, or with a year or the like. */
function isMadeOf(password: string, name: string): boolean {
  const folded = fold(password);
  const rest = folded.replaceAll(fold(name), '');
  return rest !== folded && /^\d{0,4}$/.test(rest);
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
