/** A provider that does as it is told: also what no honest one would. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Claims = Record<string, unknown>;

/** How it behaves from now on. */
export interface IssuerManners {
  /** What its ID tokens say of this person, over what is true. */
  lie?: (claims: Claims) => Claims;
  /** What userinfo says. */
  userinfo?: Claims;
  /** Which of its paths never answer. */
  hangs?: RegExp;
  /** Which of its paths begin to answer, and never come to an end. */
  drips?: RegExp;
  /** Shows a page first, which cuts itself off from whoever opened it (COOP), with a link that goes on. */
  lingers?: boolean;
  /** The only way in which it takes the client's secret. */
  clientAuth?: 'basic' | 'post';
  /** Over what it says of itself. */
  metadata?: Claims;
  /** Sends people back with other parameters than code and state. */
  comesBack?: (parameters: Record<string, string>) => Record<string, string>;
  /** Who signs: another key than it publishes. */
  forges?: boolean;
  /** What its keys are; `none` signs nothing. */
  alg?: 'ES256' | 'none';
}

/** A token request that it got. */
interface TokenRequest {
  form: URLSearchParams;
  headers: IncomingMessage['headers'];
}

interface Grant {
  nonce: string | null;
  challenge: string | null;
  redirectUri: string;
  person: string;
}

/** An issuer on loopback. */
export class StubIssuer {
  manners: IssuerManners = {};
  /** What it knows of people, by the hint that they come with. */
  people: Record<string, Claims> = {};
  requests: string[] = [];
  tokenRequests: TokenRequest[] = [];
  private key = newKey();
  private readonly grants = new Map<string, Grant>();
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    readonly path: string,
  ) {}

  /** Starts one. @param path of its issuer */
  static async start(path = ''): Promise<StubIssuer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = new StubIssuer((server.address() as AddressInfo).port, path);
    issuer.serve(server);
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.path}`;
  }

  /** Another key, under another id. */
  rotateKeys(): void {
    this.key = newKey();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    this.server = undefined;
  }

  /** On the same port. */
  async restart(): Promise<void> {
    const server = createServer().listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.serve(server);
  }

  private serve(server: Server): void {
    this.server = server;
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    this.requests.push(url.pathname);
    if (this.manners.hangs?.test(url.pathname)) return;
    if (this.manners.drips?.test(url.pathname)) return drip(response);
    const body = new URLSearchParams(await textOf(request));
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    switch (url.pathname.slice(this.path.length)) {
      case '/.well-known/openid-configuration':
        return void json(this.metadata());
      case '/jwks':
        return void json({ keys: [{ ...this.key.public.export({ format: 'jwk' }), kid: this.key.id, use: 'sig', alg: 'ES256' }] }); // prettier-ignore
      case '/authorize':
        return this.sendBack(response, this.authorize(url.searchParams));
      case '/token':
        this.tokenRequests.push({ form: body, headers: request.headers });
        return void this.token(body, request, json);
      case '/userinfo':
        return void json(this.manners.userinfo ?? {});
      default:
        return void json({}, 404);
    }
  }

  private metadata(): Claims {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      userinfo_endpoint: `${this.url}/userinfo`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      authorization_response_iss_parameter_supported: true,
      ...this.manners.metadata,
    };
  }

  /** Signs in whoever the hint says, and sends them back. */
  private authorize(query: URLSearchParams): string {
    const code = randomUUID();
    const redirectUri = query.get('redirect_uri') ?? '';
    this.grants.set(code, {
      nonce: query.get('nonce'),
      challenge: query.get('code_challenge'),
      redirectUri,
      person: query.get('login_hint') ?? '',
    });
    const issuer = String(this.metadata()['issuer']);
    const parameters = { code, state: query.get('state') ?? '', iss: issuer };
    const sent = this.manners.comesBack?.(parameters) ?? parameters;
    return `${redirectUri}?${new URLSearchParams(sent).toString()}`;
  }

  private sendBack(response: ServerResponse, location: string): void {
    if (!this.manners.lingers) return void response.writeHead(302, { location }).end();
    const headers = { 'content-type': 'text/html', 'cross-origin-opener-policy': 'same-origin' };
    response.writeHead(200, headers).end(`<!doctype html><a href="${location.replaceAll('&', '&amp;')}">Go on</a>`);
  }

  private token(
    form: URLSearchParams,
    { headers }: IncomingMessage,
    json: (value: unknown, status?: number) => unknown,
  ) {
    const by = headers.authorization?.startsWith('Basic ') ? 'basic' : form.has('client_secret') ? 'post' : undefined;
    const { clientAuth } = this.manners;
    if (clientAuth && clientAuth !== by) return json({ error: 'invalid_client' }, 401);
    const grant = this.grants.get(form.get('code') ?? '');
    this.grants.delete(form.get('code') ?? '');
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant?.challenge !== proof || grant.redirectUri !== form.get('redirect_uri')) {
      return json({ error: 'invalid_grant' }, 400);
    }
    const now = Math.floor(Date.now() / 1000);
    const clientId = form.get('client_id') ?? basicId(headers.authorization);
    const claims = { iss: this.url, aud: clientId, iat: now, exp: now + 300, nonce: grant.nonce, ...this.people[grant.person] }; // prettier-ignore
    const told = this.manners.lie?.(claims) ?? claims;
    return json({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token: this.signed(told) });
  }

  private signed(claims: Claims): string {
    const { alg = 'ES256', forges } = this.manners;
    const header = { alg, kid: this.key.id };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    if (alg === 'none') return `${text}.`;
    const key = forges ? newKey().private : this.key.private;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
}

function newKey(): { id: string; private: KeyObject; public: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { id: randomUUID(), private: privateKey, public: publicKey };
}

/** A space now and then, as JSON allows. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 200);
  response.on('close', () => clearInterval(timer));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const basicId = (authorization = '') =>
  decodeURIComponent(Buffer.from(authorization.slice(6), 'base64').toString().split(':')[0] ?? '');
