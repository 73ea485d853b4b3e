import proxyAddr from '@fastify/proxy-addr';
import { type CanActivate, Controller, type ExecutionContext, Get, Header, Injectable, Param, Req, Res, StreamableFile, UseGuards } from '@nestjs/common'; // prettier-ignore
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConsoleSettings } from '../config/console-settings.js';
import { notFound } from '../problems.js';
import { Public } from '../access.js';
import { pathOf } from '../request.js';
import { ConsoleFiles } from './console-files.js';

/** Nothing but the console's own files, no markup out of text (Trusted Types); pictures of people may be anywhere. */
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

/** Lets only clients from CONSOLE_NETWORKS know that there is a console. */
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

/** The pages for admins. They are a client of the API, so anybody may load them. */
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

  /** The console; without the slash it leads there, relatively, so that a path prefix in front of it stays. */
  @Get('admin')
  @Header('x-robots-tag', 'noindex')
  async getConsole(
    @Req() { url, headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    if (!pathOf(url).endsWith('/')) {
      void reply.code(308).header('location', 'admin/');
      return undefined;
    }
    const page = await this.files.page();
    if (!page) throw notFound('route');
    void reply.headers({ 'content-security-policy': this.policy, 'cache-control': 'no-cache', etag: page.etag });
    if (headers['if-none-match'] === page.etag) {
      void reply.code(304);
      return undefined;
    }
    return new StreamableFile(page.content, { type: 'text/html; charset=utf-8', length: page.content.length });
  }

  /** The console's own files: their names change with what is in them, so they may be kept for ever. */
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
