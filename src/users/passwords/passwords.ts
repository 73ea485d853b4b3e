import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { invalidMember } from '../../problems.js';
import { PasswordHasher } from './password-hasher.js';
import { passwordProblem } from './password-rules.js';

/** What a password is compared with: it must not be what an attacker tries first. */
interface Context {
  email: string;
  username: string;
}

/** All that is done with passwords: judged by the rules when chosen, hashed, verified. */
@Injectable()
export class Passwords implements OnApplicationShutdown {
  readonly hasher: PasswordHasher;
  private readonly rules: { minLength: number; peppered: boolean };

  constructor({ bcryptRounds, passwordPeppers, passwordMinLength }: Settings) {
    this.hasher = new PasswordHasher({ rounds: bcryptRounds, peppers: passwordPeppers });
    this.rules = { minLength: passwordMinLength, peppered: passwordPeppers.length > 0 };
  }

  /** The hash of a newly chosen password. @throws Problem 422 naming the member when the rules refuse it, 503 when too many wait */
  async hashNew(
    password: string,
    {
      context,
      pointer = '/password',
      signal,
    }: {
      context: Context;
      pointer?: string;
      signal?: AbortSignal;
    },
  ): Promise<string> {
    const problem = passwordProblem(password, { ...this.rules, ...context });
    if (problem) throw invalidMember(pointer, problem.code, problem.detail);
    return this.hasher.hash(password, signal);
  }

  /** Whether the password is the one behind the hash; for null, an unknown user, it takes the same time to say no. */
  verify(password: string, hash: string | null, signal?: AbortSignal): Promise<boolean> {
    return this.hasher.verify(password, hash, signal);
  }

  onApplicationShutdown(): Promise<void> {
    return this.hasher.close();
  }
}
