import { invalidMember } from '../../problems.js';

/** The value of a required member. @throws Problem 422 */
export function required(value: string | undefined, pointer: string): string {
  if (value === undefined) throw invalidMember(pointer, 'required', 'is missing');
  return value;
}

/** Which of the two is given: exactly one must be. @throws Problem 422 */
export function tokenOrCode({ token, code }: { token?: string; code?: string }): 'token' | 'code' {
  if (token !== undefined && code !== undefined)
    throw invalidMember('/code', 'either_or', 'must not come together with token');
  if (token === undefined && code === undefined) throw invalidMember('/token', 'required', 'is missing');
  return token !== undefined ? 'token' : 'code';
}
