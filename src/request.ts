/** The context of a request: who calls, with which credential, from where, and the versions of `If-Match`. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Roles. Stored as text; a CHECK constraint allows the same values. */
export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The signed-in user of a request, as found by the bearer guard. */
export interface Principal {
  readonly id: string;
  /** null for a service account. */
  readonly email: string | null;
  readonly username: string;
  readonly role: Role;
  /** Whether signing in requires a second factor. */
  readonly mfaEnabled: boolean;
  /** Whether an admin requires one. */
  readonly mfaRequired: boolean;
}

/** Strength of an authentication: `aal2` with two factors. */
export type AssuranceLevel = 'aal1' | 'aal2';

/** The session in the access token. */
export interface SessionCredential {
  readonly kind: 'session';
  readonly sessionId: string;
  /** When the person last authenticated, by the access token: one issued before a step-up keeps its older time. */
  readonly authTime: Date;
  /** Methods of that authentication (RFC 8176). */
  readonly amr: readonly string[];
  readonly acr: AssuranceLevel;
}

/** Scopes of personal access tokens. A `write` includes its `read`; `admin` adds an admin's permissions to the others. */
export const SCOPES = ['users:read', 'users:write', 'posts:read', 'posts:write', 'tasks:read', 'tasks:write', 'audit:read', 'admin'] as const; // prettier-ignore
export type Scope = (typeof SCOPES)[number];

/** A personal access token: a program acts for its owner, within its scopes. */
export interface TokenCredential {
  readonly kind: 'token';
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** The owner's role; `me.role` is the token's. */
  readonly ownerRole: Role;
}

/** The credential of a call. Not every credential is a session: routes that need one check for it. */
export type Credential = SessionCredential | TokenCredential | { readonly kind: 'script' };

/** The client of a request: used by security events and throttling. */
export interface Origin {
  readonly ip: string;
  readonly userAgent: string | null;
  readonly requestId: string;
  /** Fires when the client disconnects, so that work nobody waits for can be cancelled. */
  readonly signal: AbortSignal;
  /** The languages that the client prefers: its `Accept-Language`. */
  readonly acceptLanguage?: string | undefined;
  /** Set for a request with an `Idempotency-Key`. */
  readonly idempotency?: IdempotencyClaim | undefined;
}

/** A request's claim on its `Idempotency-Key`. */
export interface IdempotencyClaim {
  /**
   * The statement that stores the answer, to be run in the transaction of the change.
   * @param answer without secrets, as it is stored for a day
   * @param subjectId the user that it is about: purging them deletes it
   */
  companion(answer: object, status?: number, subjectId?: string | null): StoredAnswer;
}

/** A statement that writes one row, or else `otherwise` is thrown and the change rolled back; `done` is called after the commit. */
export interface StoredAnswer {
  readonly statement: { readonly name?: string; readonly text: string };
  readonly values: unknown[];
  readonly otherwise: Error;
  readonly done?: () => void;
}

/** Who calls, with which credential, from where, and which versions of the resource are accepted (undefined: any). */
export interface Call<User extends Principal = Principal> extends Origin {
  readonly me: User;
  readonly credential: Credential;
  readonly versions?: number[] | undefined;
}

/** A call of a public route: `me` is set if a bearer token was sent (`PublicOrBearer`). */
export interface OpenCall<User extends Principal = Principal> extends Origin {
  readonly me?: User | undefined;
  readonly credential?: Credential | undefined;
}

/** The origin of scripts and of the process itself: not a request. */
export const SCRIPT: Origin = { ip: '', userAgent: null, requestId: '', signal: new AbortController().signal };

/** The call of a script that acts as this user. */
export const scriptCall = <User extends Principal>(me: User): Call<User> => ({
  ...SCRIPT,
  me,
  credential: { kind: 'script' },
});

declare module 'fastify' {
  interface FastifyRequest {
    user?: Principal;
    /** The client's IP address, without anything else that a proxy may have written. Empty when unknown. */
    readonly address: string;
    credential?: Credential;
    idempotency?: IdempotencyClaim;
    /** What `If-Match` accepts, where the route honours it; undefined accepts any. */
    versions?: number[] | undefined;
  }
}

/** The call of a request; on a public route only the {@link Origin}. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext): Call => callOf(context));

/** See {@link Call}. */
export function callOf(context: ExecutionContext): Call {
  const http = context.switchToHttp();
  return new RequestCall(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
}

/** Whether this user may act on that user's data. */
export const isSelfOrAdmin = (me: Principal, userId: string): boolean => me.id === userId || me.role === 'admin';

/** Reads its members from the request lazily. */
class RequestCall implements Call {
  private closed?: AbortSignal;

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {}

  get me(): Principal {
    return this.request.user as Principal;
  }

  get credential(): Credential {
    return this.request.credential as Credential;
  }

  get versions(): number[] | undefined {
    return this.request.versions;
  }

  get ip(): string {
    return this.request.address;
  }

  get userAgent(): string | null {
    return cleanUserAgent(this.request.headers['user-agent']);
  }

  get requestId(): string {
    return this.request.id;
  }

  get acceptLanguage(): string | undefined {
    return this.request.headers['accept-language'];
  }

  get idempotency(): IdempotencyClaim | undefined {
    return this.request.idempotency;
  }

  get signal(): AbortSignal {
    return (this.closed ??= closeSignal(this.reply));
  }
}

/** Not `request.signal`: on Node 20 that fires as soon as the body has been read. */
function closeSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (raw.destroyed) controller.abort();
  raw.once('close', () => controller.abort());
  return controller.signal;
}

/** A user agent that is safe to log and store: at most 256 characters, without control characters. */
function cleanUserAgent(userAgent: string | undefined): string | null {
  return userAgent ? userAgent.slice(0, 256).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?') : null;
}

/** The path of a request line, without its query; also of the absolute form (`GET http://…`, RFC 9112 section 3.2.2). */
export function pathOf(url: string): string {
  const [path = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1);
  return path || '/';
}
