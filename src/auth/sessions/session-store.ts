import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../audit/audit.service.js';
import type { Call, Credential, Origin } from '../../request.js';
import { days, minutes } from '../../config/durations.js';
import { rolesThatNeedMfa } from '../../config/mfa-settings.js';
import { Settings } from '../../config/settings.js';
import { inBatches } from '../../database/batches.js';
import { Database, type Statement } from '../../database/database.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { UserPurges } from '../../users/user-purges.js';
import type { Me } from '../../users/users.dto.js';
import type { AccessClaims } from './access-tokens.js';
import { acrOf, type Authentication } from './authentication.js';
import { NO_PROOF, type Proof } from './proof.js';
import type { RefreshClaims } from './refresh-tokens.js';
import type { Session } from './session.entity.js';
import * as sql from './sessions.statements.js';

/** A session at one of its rotations. */
export interface TokenState extends RefreshClaims {
  userId: string;
  /** Seconds until the refresh token expires. */
  secondsLeft: number;
  authTime: Date;
  amr: string[];
}

/** A session to be started. */
export interface NewSession extends Authentication {
  /** The id that it gets: that of the pending sign-in or of the challenge which it ends, so that those are good once. */
  id?: string;
  /** What is spent with it. */
  proof?: Proof;
}

/** What became of a refresh token: rotated (or its child given again), refused, or found to be stolen from this user. */
export type RotateResult = TokenState | 'invalid' | { stolenFrom: string };

/** Who is behind a living session, and the session itself. */
export interface SignedIn {
  me: Me;
  credential: Credential;
}

export type SessionRow = Pick<Session, 'id' | 'createdAt' | 'lastUsedAt' | 'expiresAt' | 'ip' | 'userAgent' | 'amr'> & {
  authTime: Date;
};

/** The rows of signed-in devices: one each, judged by the database's clock, so that every replica agrees. */
@Injectable()
export class SessionStore implements OnModuleInit {
  private readonly starts = new Map<string, Statement>();

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly settings: Settings,
    private readonly scheduler: Scheduler,
    private readonly purges: UserPurges,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({ name: 'old_sessions', every: minutes(5), run: (signal) => this.removeOld(signal) });
    this.purges.register((userId) => this.removeOf(userId));
  }

  /** The person behind a session that is still alive, or null. */
  async findSignedIn({ userId, sessionId, authTime, amr }: AccessClaims): Promise<SignedIn | null> {
    const [me] = await this.database.lookUp<Me>(sql.SIGNED_IN, [sessionId, userId]);
    return me ? { me, credential: { kind: 'session', sessionId, authTime, amr, acr: acrOf(amr) } } : null;
  }

  /** Whether a session is alive, and its user's. */
  async isAlive({ userId, sessionId }: Pick<AccessClaims, 'userId' | 'sessionId'>): Promise<boolean> {
    return (await this.database.lookUp(sql.SIGNED_IN, [sessionId, userId])).length > 0;
  }

  /**
   * Starts a session. For `SignIn.finish` alone, which decides whether there may be one; the statement decides again.
   * Returns null when the account has changed since it was read, when it needs a second factor that is missing, when the
   * proof could not be spent, and when the id was used before.
   */
  async start(session: NewSession, { ip, userAgent }: Origin): Promise<TokenState | null> {
    const { account, amr, when, id = uuidv7(), proof = NO_PROOF } = session;
    const { refreshTokenLifetime, sessionLifetime, mfa } = this.settings;
    const values = [
      id,
      account.id,
      account.sessionGeneration,
      refreshTokenLifetime,
      sessionLifetime,
      ip || null,
      userAgent,
      amr,
      when,
      rolesThatNeedMfa(mfa.required),
      ...proof.values,
    ];
    const [started] = await this.database.write<Omit<TokenState, 'sessionId' | 'counter'>>(this.startOf(proof), values);
    return started ? { ...started, sessionId: id, counter: 0 } : null;
  }

  /**
   * Takes a session one rotation on. Whoever comes with the same token within the grace window gets the same child: two
   * tabs, or an answer that got lost. Anything older was stolen from somebody, and ends the session for everybody.
   */
  async rotate(claims: RefreshClaims, call: Origin, tries = 2): Promise<RotateResult> {
    const { sessionId, counter } = claims;
    const { refreshTokenLifetime, sessionLifetime, refreshGrace } = this.settings;
    const values = [sessionId, counter, refreshTokenLifetime, sessionLifetime];
    const [rotated] = await this.database.write<Omit<TokenState, 'sessionId' | 'counter'>>(sql.ROTATE, values);
    if (rotated) return { ...rotated, sessionId, counter: counter + 1 };

    const [session] = await this.database.read<TokenState & { age: number }>(sql.FIND_ROTATED, [sessionId]);
    if (!session) return 'invalid';
    // its row was changed under the first statement by something else than a refresh, such as a new password
    if (session.counter <= counter) return tries > 1 ? this.rotate(claims, call, tries - 1) : 'invalid';
    // while the database was away nobody could come back for the answer that got lost
    const isFresh = session.age - this.database.reachability.awayWithin(session.age) < refreshGrace;
    if (session.counter === counter + 1 && isFresh) return { ...session, sessionId };
    await this.audit.write(sql.END_STOLEN, [sessionId], call);
    return { stolenFrom: session.userId };
  }

  /** Ends the session of a token. Nothing happens when it had ended before or never was. */
  async end(sessionId: string, call: Origin): Promise<void> {
    await this.audit.write(sql.END, [sessionId], call);
  }

  /** Ends one of a user's sessions. Returns whether there was one to end. */
  async endOne(sessionId: string, userId: string, call: Call): Promise<boolean> {
    return (await this.audit.write(sql.END_ONE, [sessionId, userId], call)).length > 0;
  }

  /** Ends all sessions of a user, save one. Returns whether there is such a user. */
  async endAll(userId: string, call: Call, exceptSessionId: string | null = null): Promise<boolean> {
    return (await this.audit.write(sql.END_ALL, [userId, exceptSessionId], call)).length > 0;
  }

  /** The living sessions of a user, newest first. */
  list(userId: string): Promise<SessionRow[]> {
    return this.database.read<SessionRow>(sql.LIST, [userId]);
  }

  /** Removes sessions that are older than any session can be alive. */
  private removeOld(signal?: AbortSignal): Promise<void> {
    const { sessionLifetime } = this.settings;
    const oldest = uuidv7({ msecs: Date.now() - sessionLifetime + days(1) });
    return inBatches(async (after = NIL) => {
      const removed = await this.database.write<{ id: string }>(sql.PURGE, [oldest, sessionLifetime, after]);
      return lastOf(removed);
    }, signal);
  }

  private removeOf(userId: string): Promise<void> {
    return inBatches(async (after = NIL) =>
      lastOf(await this.database.write<{ id: string }>(sql.PURGE_OF_USER, [userId, after])),
    );
  }

  private startOf(proof: Proof): Statement {
    const known = this.starts.get(proof.name) ?? sql.start(proof);
    this.starts.set(proof.name, known);
    return known;
  }
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** Where a full batch ended. */
const lastOf = (rows: { id: string }[]) =>
  rows.length < sql.BATCH
    ? undefined
    : rows
        .map(({ id }) => id)
        .sort()
        .at(-1);
