/** Who calls, by what, from where, having seen which version. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a person may be. Stored as text; the database checks the same two values. */
export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The signed-in person behind a request, as the bearer guard found them. */
export interface Principal {
  readonly id: string;
  /** null for a service account. */
  readonly email: string | null;
  readonly username: string;
  readonly role: Role;
  /** Whether signing in takes a second factor. */
  readonly mfaEnabled: boolean;
  /** Whether an admin has said that it must. */
  readonly mfaRequired: boolean;
}

/** How much a way to sign in is worth: `aal2` with two factors. */
export type AssuranceLevel = 'aal1' | 'aal2';

/** A session, named by the access token. */
export interface SessionCredential {
  readonly kind: 'session';
  readonly sessionId: string;
  /** When the person last proved who they are, as the access token says: one from before a step-up stays as old as it is. */
  readonly authTime: Date;
  /** By what (RFC 8176). */
  readonly amr: readonly string[];
  readonly acr: AssuranceLevel;
}

/** What an access token may be good for. A `write` includes its `read`; `admin` adds the powers of an admin to the others. */
export const SCOPES = ['users:read', 'users:write', 'posts:read', 'posts:write', 'tasks:read', 'tasks:write', 'audit:read', 'admin'] as const; // prettier-ignore
export type Scope = (typeof SCOPES)[number];

/** A personal access token: a program acts for its owner, within its scopes. */
export interface TokenCredential {
  readonly kind: 'token';
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** What the owner is; `me.role` is what the token may be. */
  readonly ownerRole: Role;
}

/** By what somebody acts. A credential is not a session: what needs one asks for it. */
export type Credential = SessionCredential | TokenCredential | { readonly kind: 'script' };

/** Where a request comes from: what security events and throttles remember. */
export interface Origin {
  readonly ip: string;
  readonly userAgent: string | null;
  readonly requestId: string;
  /** Fires when the client has gone, so that work nobody waits for can be dropped. */
  readonly signal: AbortSignal;
  /** The languages that the client prefers: its `Accept-Language`. */
  readonly acceptLanguage?: string | undefined;
  /** Of a request with an `Idempotency-Key`. */
  readonly idempotency?: IdempotencyClaim | undefined;
}

/** The hold of a request on its `Idempotency-Key`. */
export interface IdempotencyClaim {
  /**
   * What stores the answer, to be written in the transaction of the change.
   * @param answer without secrets, as it stays at rest for a day
   * @param subjectId the user that it tells of: purging them removes it
   */
  companion(answer: object, status?: number, subjectId?: string | null): StoredAnswer;
}

/** A statement that writes one row, or else `otherwise` is thrown and the change undone; `done` is called afterwards. */
export interface StoredAnswer {
  readonly statement: { readonly name?: string; readonly text: string };
  readonly values: unknown[];
  readonly otherwise: Error;
  readonly done?: () => void;
}

/** Who calls, by what credential, from where, and which versions of the resource they have seen (undefined: any). */
export interface Call<User extends Principal = Principal> extends Origin {
  readonly me: User;
  readonly credential: Credential;
  readonly versions?: number[] | undefined;
}

/** A call that anybody may make: there is somebody where a bearer token came along (`PublicOrBearer`). */
export interface OpenCall<User extends Principal = Principal> extends Origin {
  readonly me?: User | undefined;
  readonly credential?: Credential | undefined;
}

/** The origin of what scripts and the process itself do: nobody's request. */
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
    /** Where it comes from: an IP address and nothing else, whatever a proxy has written. Empty when unknown. */
    readonly address: string;
    credential?: Credential;
    idempotency?: IdempotencyClaim;
    /** What `If-Match` accepts, where the route honours it; undefined accepts any. */
    versions?: number[] | undefined;
  }
}

/** Who calls, by what, from where, having seen which version; on a public route only the {@link Origin}. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext): Call => callOf(context));

/** See {@link Call}. */
export function callOf(context: ExecutionContext): Call {
  const http = context.switchToHttp();
  return new RequestCall(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
}

/** Whether this person may act on that user's own data. */
export const isSelfOrAdmin = (me: Principal, userId: string): boolean => me.id === userId || me.role === 'admin';

/** Reads what is asked for off the request, when it is asked for. */
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

/** A user agent that is safe to log and to store: at most 256 characters, none of them a control character. */
function cleanUserAgent(userAgent: string | undefined): string | null {
  return userAgent ? userAgent.slice(0, 256).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?') : null;
}

/** The path of a request line, without its query; of the absolute form (`GET http://…`, RFC 9112 section 3.2.2) as well. */
export function pathOf(url: string): string {
  const [path = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1);
  return path || '/';
}
