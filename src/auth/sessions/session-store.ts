import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../audit/audit.service.js';
import type { RecordedStatement } from '../../audit/recorded.js';
import type { Call, Credential, Origin, Principal } from '../../request.js';
import { MfaSettings, rolesThatNeedMfa } from '../../config/mfa-settings.js';
import { TokenSettings } from '../../config/token-settings.js';
import { Database } from '../../database/database.js';
import { problem } from '../../problems.js';
import { Mails } from '../../mail/mails.js';
import { KnownDevices } from '../../users/addresses/known-devices.js';
import type { AccessClaims } from './access-tokens.js';
import { sessionIdOf } from './credential.js';
import { acrOf, type Authentication } from './authentication.js';
import { NO_PROOF, type Proof } from './proof.js';
import type { RefreshClaims } from './refresh-tokens.js';
import type { Session } from './session.entity.js';
import * as authentication from './session-authentication.statements.js';
import * as endings from './session-endings.statements.js';
import * as sql from './sessions.statements.js';

/** A session at one of its rotations; what its tokens are made from. */
export interface TokenState extends RefreshClaims {
  userId: string;
  /** Seconds until the refresh token expires. */
  secondsLeft: number;
  authTime: Date;
  amr: string[];
}

/** A session to be started. */
export interface NewSession extends Authentication {
  /** Its id, when given: that of the pending sign-in or challenge which it completes. As a primary key it makes those single-use. */
  id?: string;
  /** What the statement consumes. */
  proof?: Proof;
}

/** What the statements return of a session. */
type Proved = Omit<TokenState, 'sessionId' | 'counter'>;

/** Outcome of a refresh: rotated (or the same child given again), refused, or reused: then the id of the session's user. */
export type RotateResult = TokenState | 'invalid' | { stolenFrom: string };

/** The user of a living session, and the session itself. */
export interface SignedIn {
  me: Principal;
  credential: Credential;
}

export type SessionRow = Pick<Session, 'id' | 'createdAt' | 'lastUsedAt' | 'expiresAt' | 'ip' | 'userAgent' | 'amr'> & {
  authTime: Date;
};

/** Session rows: one a signed-in device. Expiry is judged by the database's clock, so that every replica agrees. */
@Injectable()
export class SessionStore {
  private readonly endsWithAll: string[] = [];
  private endAllStatement?: RecordedStatement;
  private readonly startStatement = oncePerProof((proof) =>
    authentication.start(proof, this.knownDevices.onSignIn('started', authentication.START_DEVICE)),
  );
  private readonly stepUpStatement = oncePerProof(authentication.stepUp);
  private readonly endStolen = endings.endStolen(
    this.mails.insert('session_theft', {
      from: 'change JOIN users u ON u.id = change."userId"',
      to: 'u.email',
      userId: 'u.id',
      locale: 'u.locale',
      data: `$2::jsonb || jsonb_build_object('username', u.username)`,
    }),
  );

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly settings: TokenSettings,
    private readonly mfa: MfaSettings,
    private readonly mails: Mails,
    private readonly knownDevices: KnownDevices,
  ) {}

  /**
   * The user of a living session, or null. One query, by primary key.
   * @param account whether `me` must be the whole account
   */
  async findSignedIn({ userId, sessionId, authTime, amr }: AccessClaims, account: boolean): Promise<SignedIn | null> {
    const statement = account ? sql.SIGNED_IN_ACCOUNT : sql.SIGNED_IN;
    const [me] = await this.database.lookUp<Principal>(statement, [sessionId, userId]);
    return me ? { me, credential: { kind: 'session', sessionId, authTime, amr, acr: acrOf(amr) } } : null;
  }

  /** The id of a session's user, whether the session is alive or not; null when there is none. */
  async userOf(sessionId: string): Promise<string | null> {
    const [session] = await this.database.lookUp<{ userId: string }>(sql.USER_OF, [sessionId]);
    return session?.userId ?? null;
  }

  /** Whether a session is alive and belongs to the user. */
  async isAlive({ userId, sessionId }: Pick<AccessClaims, 'userId' | 'sessionId'>): Promise<boolean> {
    return (await this.database.lookUp(sql.SIGNED_IN, [sessionId, userId])).length > 0;
  }

  /**
   * Starts a session. Called by `SignIn.finish` only, which decides whether it may; the statement checks again. Returns null
   * when the account has changed since it was read, when it needs a second factor that is missing, when the proof could not
   * be consumed, and when the id was used before.
   */
  async start(session: NewSession, from: Origin): Promise<TokenState | null> {
    const { ip, userAgent } = from;
    const { account, amr, when, id = uuidv7(), proof = NO_PROOF } = session;
    const { refreshTokenLifetime, sessionLifetime } = this.settings;
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
      rolesThatNeedMfa(this.mfa.required),
      ...this.knownDevices.valuesOf(account.id, from),
      ...proof.values,
    ];
    const [started] = await this.audit.write<Proved>(this.startStatement(proof), values, from);
    return started ? { ...started, sessionId: id, counter: 0 } : null;
  }

  /**
   * Records a new authentication in a session. Returns null when the session has ended, and when the proof could not be
   * consumed.
   * @param when the time of the authentication; now by default
   */
  async stepUp(
    { amr, when = null, proof = NO_PROOF }: { amr: readonly string[]; when?: Date | null; proof?: Proof },
    call: Call,
  ): Promise<AccessClaims | null> {
    const sessionId = sessionIdOf(call);
    const values = [sessionId, call.me.id, amr, when, ...proof.values];
    const [confirmed] = await this.audit.write<Proved>(this.stepUpStatement(proof), values, call);
    return confirmed ? { ...confirmed, sessionId } : null;
  }

  /**
   * Increments the user's session generation: ends all sessions, pending sign-ins and remembered devices of the caller,
   * except the calling session, which is moved to the new generation. In the transaction that has locked the user's row.
   * @param amr the methods that the caller has just used
   */
  async renewGeneration(
    db: EntityManager,
    { amr, mfaEnabled }: { amr: readonly string[]; mfaEnabled: boolean },
    call: Call,
  ): Promise<AccessClaims> {
    const sessionId = sessionIdOf(call);
    const [kept] = await db.query<Proved[]>(authentication.RENEW_GENERATION.text, [
      sessionId,
      call.me.id,
      amr,
      mfaEnabled,
    ]);
    if (!kept) throw problem('invalid_token');
    return { ...kept, sessionId };
  }

  /** Whether the calling session is still alive, read in a transaction. */
  async isAliveIn(db: EntityManager, call: Call): Promise<boolean> {
    return (await db.query<object[]>(sql.IS_ALIVE.text, [sessionIdOf(call), call.me.id])).length > 0;
  }

  /** Registers a CTE for what ends with "sign out everywhere". @param cte see `endAll` in the statements */
  alsoEnd(cte: string): void {
    this.endsWithAll.push(cte);
  }

  /**
   * Rotates a session's refresh token. A repeat with the same token within the grace window gets the same child: two tabs,
   * or an answer that got lost. An older token counts as stolen and ends the session.
   */
  async rotate(claims: RefreshClaims, call: Origin, tries = 2): Promise<RotateResult> {
    const { sessionId, counter } = claims;
    const { refreshTokenLifetime, sessionLifetime, refreshGrace } = this.settings;
    const values = [sessionId, counter, refreshTokenLifetime, sessionLifetime];
    const [rotated] = await this.database.write<Proved>(sql.ROTATE, values);
    if (rotated) return { ...rotated, sessionId, counter: counter + 1 };

    const [session] = await this.database.read<TokenState & { age: number }>(sql.FIND_ROTATED, [sessionId]);
    if (!session) return 'invalid';
    // the row was changed meanwhile by something other than a refresh, such as a password change
    if (session.counter <= counter) return tries > 1 ? this.rotate(claims, call, tries - 1) : 'invalid';
    // the client could not retry while the database was unreachable, so that time isn't counted
    const isFresh = session.age - this.database.reachability.awayWithin(session.age) < refreshGrace;
    if (session.counter === counter + 1 && isFresh) return { ...session, sessionId };
    await this.audit.write(this.endStolen, [sessionId, JSON.stringify(this.mails.originWords(call))], call);
    this.mails.wake();
    return { stolenFrom: session.userId };
  }

  /** Ends the session of a token. Without effect when it has ended or never existed. */
  async end(sessionId: string, call: Origin): Promise<void> {
    await this.audit.write(endings.END, [sessionId], call);
  }

  /** Ends one of a user's sessions. Returns whether one was ended. */
  async endOne(sessionId: string, userId: string, call: Call): Promise<boolean> {
    return (await this.audit.write(endings.END_ONE, [sessionId, userId], call)).length > 0;
  }

  /** Ends all sessions of a user, except one. Returns whether the user exists. */
  async endAll(userId: string, call: Call, exceptSessionId: string | null = null): Promise<boolean> {
    this.endAllStatement ??= endings.endAll(this.endsWithAll);
    return (await this.audit.write(this.endAllStatement, [userId, exceptSessionId], call)).length > 0;
  }

  /** The living sessions of a user, newest first. */
  list(userId: string): Promise<SessionRow[]> {
    return this.database.read<SessionRow>(sql.LIST, [userId]);
  }
}

/** Composes a statement on the first use of each kind of proof. */
function oncePerProof(compose: (proof: Proof) => RecordedStatement): (proof: Proof) => RecordedStatement {
  const composed = new Map<string, RecordedStatement>();
  return (proof) => {
    const statement = composed.get(proof.name) ?? compose(proof);
    composed.set(proof.name, statement);
    return statement;
  };
}
