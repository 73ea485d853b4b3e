/** The second factor: at a sign-in, once more before what is delicate, and setting one up. */
import type { Api } from './api.js';
import { askForPasskey, makePasskey } from './passkeys.js';
import type { UserHubProblem } from './problem.js';
import type { FactorsChanged, Passkey, TokenPair, TotpSetup } from './schema.js';
import type { Session } from './session.js';

/** A second factor: a code of an authenticator app, a recovery code, or a passkey, which the browser asks for. */
export type Factor =
  | { code: string; recovery_code?: never; passkey?: never }
  | { recovery_code: string; code?: never; passkey?: never }
  | { passkey: true; code?: never; recovery_code?: never };

/** What `stepUp` takes: the password counts where there is no second factor. */
export type Proof = Factor | { current_password: string; passkey?: never };

/** A sign-in that waits for its second factor: the `mfa` of the problem. */
export type PendingSignIn = NonNullable<UserHubProblem['mfa']>;

/** The part of a client that deals with second factors and passkeys. */
export interface Factors {
  /**
   * Finishes the sign-in that threw `mfa_required`: the last one of this client, unless you pass the problem's `mfa`.
   * With `remember_device` it returns a `device_token` to be passed to `signIn` from then on.
   * @throws UserHubProblem such as `invalid_code`
   */
  verifyFactor(
    factor: Factor & { remember_device?: boolean },
    pending?: PendingSignIn,
  ): Promise<{ device_token?: string }>;
  /** Sets up an authenticator app for the sign-in that threw `mfa_enrollment_required`. @throws UserHubProblem */
  enroll(pending?: PendingSignIn): Promise<TotpSetup>;
  /** Finishes that sign-in, and returns recovery codes, which are shown this once. @throws UserHubProblem */
  confirmEnrollment(proof: { setup_token: string; code: string }, pending?: PendingSignIn): Promise<string[]>;
  /** Begins a session by a passkey alone. `mediation: 'conditional'` offers it in a field with `autocomplete="username webauthn"`. @throws UserHubProblem, DOMException when the person says no */
  signInWithPasskey(options?: Pick<CredentialRequestOptions, 'mediation' | 'signal'>): Promise<void>;
  /** Proves once more who is there: what threw `step_up_required` works for a while then. @throws UserHubProblem such as `wrong_code` */
  stepUp(proof: Proof): Promise<void>;
  /** Turns an authenticator app on, after `POST /api/auth/mfa/totp`; returns recovery codes, unless there are some. @throws UserHubProblem */
  confirmTotp(proof: { setup_token: string; code: string }): Promise<string[] | null>;
  /** Has the browser make a passkey for the one who is signed in. @throws UserHubProblem, DOMException when the person says no */
  addPasskey(name?: string): Promise<Passkey>;
}

interface Ways {
  /** Sends as the one who is signed in. */
  api: Api;
  /** Sends so, too, but never asks for a step-up. */
  quiet: Api;
  anyone: Api;
  session: Session;
  /** The last sign-in that waits. */
  waiting: () => PendingSignIn | undefined;
}

export function factors({ api, quiet, anyone, session, waiting }: Ways): Factors {
  const begin = async <T extends TokenPair>(pair: T): Promise<T> => {
    await session.begin(pair);
    return pair;
  };
  const tokenOf = (pending = waiting()) => pending?.token ?? '';
  /** Keeps the newer access token that an answer holds. */
  const freshened = async <T extends Pick<FactorsChanged, 'access_token' | 'expires_in'>>(work: () => Promise<T>) => {
    const used = await session.tokens();
    const answer = await work();
    if (used) await session.freshen(used, answer);
    return answer;
  };
  return {
    verifyFactor: async ({ remember_device, ...factor }, pending) => {
      const mfa_token = tokenOf(pending);
      const options = () => anyone.POST('/api/auth/mfa/passkey-options', { body: { mfa_token } });
      const proof = factor.passkey ? { passkey: await askForPasskey((await options()).data) } : factor;
      const body = { mfa_token, ...proof, ...(remember_device && { remember_device }) };
      const { device_token } = await begin((await anyone.POST('/api/auth/mfa/verify', { body })).data);
      return device_token ? { device_token } : {};
    },
    enroll: async (pending) =>
      (await anyone.POST('/api/auth/mfa/enroll', { body: { mfa_token: tokenOf(pending) } })).data,
    confirmEnrollment: async (proof, pending) => {
      const body = { mfa_token: tokenOf(pending), ...proof };
      return (await begin((await anyone.POST('/api/auth/mfa/enroll/confirm', { body })).data)).recovery_codes;
    },
    signInWithPasskey: async (options) => {
      const { data } = await anyone.POST('/api/auth/passkeys/sign-in-options');
      const credential = await askForPasskey(data, options);
      await begin((await anyone.POST('/api/auth/passkeys/sign-in', { body: { credential } })).data);
    },
    stepUp: async (proof) => {
      const options = () => quiet.POST('/api/auth/step-up/passkey-options');
      const body = proof.passkey ? { passkey: await askForPasskey((await options()).data) } : (proof as object);
      await freshened(async () => (await quiet.POST('/api/auth/step-up', { body })).data);
    },
    confirmTotp: async (body) =>
      (await freshened(async () => (await api.POST('/api/auth/mfa/totp/confirm', { body })).data)).recovery_codes,
    addPasskey: async (name) => {
      const credential = await makePasskey((await api.POST('/api/auth/passkeys/options')).data);
      return (await api.POST('/api/auth/passkeys', { body: { credential, ...(name && { name }) } })).data;
    },
  };
}
