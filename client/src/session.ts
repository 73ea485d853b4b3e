import { exclusively } from './exclusively.js';
import { UserHubProblem } from './problem.js';
import type { TokenPair } from './schema.js';
import type { Tokens, TokenStorage } from './storage.js';

/** The part of an access token's life after which it is refreshed. */
const FRESH = 0.9;

interface SessionOptions {
  storage: TokenStorage;
  /** What tabs that share the tokens agree on. */
  lock: string;
  /** Trades a refresh token for a new pair. @throws UserHubProblem */
  trade: (refreshToken: string) => Promise<TokenPair>;
  onSignedIn: () => void;
  onSignedOut: (reason?: UserHubProblem) => void;
}

/** Holds the tokens, and renews them: once, however many calls wait for it, in however many tabs. */
export class Session {
  #renewal: Promise<Tokens | null> | undefined;
  #pause: { until: number; reason: UserHubProblem } | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SessionOptions) {
    options.storage.subscribe?.((now, before) => this.#announce(now, before));
  }

  /** The tokens as they are; null when nobody is signed in. */
  async tokens(): Promise<Tokens | null> {
    return this.options.storage.get();
  }

  /**
   * Tokens to make a call with; null when nobody is signed in. A refresh that is due but fails is no harm while the
   * access token is good.
   * @throws UserHubProblem when it isn't, and the server can't be reached or is busy
   */
  async usable(): Promise<Tokens | null> {
    const tokens = await this.tokens();
    if (!tokens || Date.now() < tokens.refresh_at) return tokens;
    try {
      return await this.renewed(tokens);
    } catch (problem) {
      if (Date.now() < tokens.expires_at) return tokens;
      throw problem;
    }
  }

  /**
   * The tokens that come after these; null when their session is over.
   * @throws UserHubProblem when the server can't be reached or is busy; the tokens stay
   */
  async renewed(used: Tokens): Promise<Tokens | null> {
    const now = await this.tokens();
    if (now?.session !== used.session) return null; // signed out, or somebody else: never lend them this call
    if (now.access_token !== used.access_token) return now;
    this.#renewal ??= exclusively(this.options.lock, () => this.#renew(now)).finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  /** Begins a session with what signing in gave. */
  async begin(pair: TokenPair): Promise<void> {
    await this.#change(() => stamp(pair, Math.random().toString(36).slice(2)));
  }

  /** Takes a newer access token of the same session; a refresh that was under way meanwhile has one as good. */
  async freshen(used: Tokens, pair: Pick<TokenPair, 'access_token' | 'expires_in'>): Promise<void> {
    await this.#change((held) =>
      held?.session === used.session ? stamp({ ...pair, refresh_token: held.refresh_token }, held.session) : held,
    );
  }

  /** Forgets the tokens, and returns what they were. */
  async end(): Promise<Tokens | null> {
    const { before } = await this.#change(() => null);
    return before;
  }

  /** Another tab may have renewed them while this one waited for its turn. */
  async #renew(old: Tokens): Promise<Tokens | null> {
    const now = await this.tokens();
    if (now?.refresh_token !== old.refresh_token) return now?.session === old.session ? now : null;
    if (this.#pause && Date.now() < this.#pause.until) throw this.#pause.reason;
    try {
      const pair = await this.options.trade(old.refresh_token);
      return await this.#replace(old, stamp(pair, old.session));
    } catch (problem) {
      if (isRefusal(problem)) return this.#replace(old, null, problem);
      this.#rest(problem);
      throw problem;
    }
  }

  /** Does nothing when the tokens are others by now: signed out, or signed in anew, while the answer was on its way. */
  async #replace(old: Tokens, next: Tokens | null, reason?: UserHubProblem): Promise<Tokens | null> {
    const { now } = await this.#change((held) => (held?.refresh_token === old.refresh_token ? next : held), reason);
    return now?.session === old.session ? now : null;
  }

  /** One change after the other, so that none is made on what another is about to overwrite. */
  #change(next: (before: Tokens | null) => Tokens | null, reason?: UserHubProblem) {
    const change = this.#lastWrite.then(async () => {
      const before = await this.tokens();
      const now = next(before);
      if (now !== before) await this.options.storage.set(now);
      this.#announce(now, before, reason);
      return { before, now };
    });
    this.#lastWrite = change.catch(() => undefined);
    return change;
  }

  #announce(now: Tokens | null, before: Tokens | null, reason?: UserHubProblem): void {
    if (now?.session === before?.session) return;
    this.#pause = undefined;
    if (now) this.options.onSignedIn();
    else this.options.onSignedOut(reason);
  }

  /** A server that said when to come back isn't asked before. */
  #rest(reason: unknown): void {
    if (!(reason instanceof UserHubProblem) || !reason.retryAfter) return;
    this.#pause = { until: Date.now() + reason.retryAfter * 1000, reason };
  }
}

type Pair = Pick<TokenPair, 'access_token' | 'refresh_token' | 'expires_in'>;

const stamp = ({ access_token, refresh_token, expires_in }: Pair, session: string): Tokens => ({
  session,
  access_token,
  refresh_token,
  refresh_at: Date.now() + expires_in * 1000 * FRESH,
  expires_at: Date.now() + expires_in * 1000,
});

const REFUSALS = new Set<string>(['invalid_refresh_token', 'refresh_token_reused', 'validation_failed']);

/** Whether the server won't ever take this refresh token again. What a proxy answers doesn't count. */
const isRefusal = (problem: unknown): problem is UserHubProblem =>
  problem instanceof UserHubProblem && REFUSALS.has(problem.code);
