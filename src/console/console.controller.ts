import proxyAddr from '@fastify/proxy-addr';
import { type CanActivate, Controller, type ExecutionContext, Get, Header, Injectable, Param, Req, Res, StreamableFile, UseGuards } from '@nestjs/common'; // prettier-ignore
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConsoleSettings } from '../config/console-settings.js';
import { notFound } from '../problems.js';
import { Public } from '../access.js';
import { pathOf } from '../request.js';
import { isFresh } from '../http/conditional-requests.js';
import { ConsoleFiles } from './console-files.js';

/** Content-Security-Policy: the console's own files only, with Trusted Types; pictures may come from elsewhere, if enabled. */
const policy = ({ remotePictures }: ConsoleSettings) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self'${remotePictures ? ' https:' : ''} data:`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

/** 404 for clients outside CONSOLE_NETWORKS. */
@Injectable()
export class ConsoleNetworksGuard implements CanActivate {
  private readonly isInside: (address: string, hop: number) => boolean;

  constructor({ networks }: ConsoleSettings) {
    this.isInside = networks.length ? proxyAddr.compile(networks) : () => true;
  }

  canActivate(context: ExecutionContext): boolean {
    const { address } = context.switchToHttp().getRequest<FastifyRequest>();
    if (address && this.isInside(address, 0)) return true;
    throw notFound('route');
  }
}

/** The console's pages. They are a client of the API, so anybody may load them. */
@Controller()
@Public()
@UseGuards(ConsoleNetworksGuard)
export class ConsoleController {
  private readonly policy: string;

  constructor(
    private readonly files: ConsoleFiles,
    settings: ConsoleSettings,
  ) {
    this.policy = policy(settings);
  }

  /** The console's page; without the trailing slash a relative redirect, which works below a path prefix. */
  @Get('admin')
  @Header('x-robots-tag', 'noindex')
  async getConsole(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    if (!pathOf(request.url).endsWith('/')) {
      void reply.code(308).header('location', 'admin/');
      return undefined;
    }
    const page = await this.files.page();
    if (!page) throw notFound('route');
    void reply.headers({ 'content-security-policy': this.policy, 'cache-control': 'no-cache', etag: page.etag });
    if (isFresh(request, page.etag)) {
      void reply.code(304);
      return undefined;
    }
    return new StreamableFile(page.content, { type: 'text/html; charset=utf-8', length: page.content.length });
  }

  /** Static files of the console: names contain a hash of their content, so they may be cached for ever. */
  @Get('admin/assets/:file')
  @Header('x-robots-tag', 'noindex')
  async getConsoleFile(
    @Param('file') name: string,
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const file = await this.files.asset(name, headers['accept-encoding']?.toString());
    if (!file) throw notFound('file');
    void reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' });
    if (file.encoding) void reply.header('content-encoding', file.encoding);
    return new StreamableFile(file.content, { type: file.type, length: file.content.length });
  }
}
