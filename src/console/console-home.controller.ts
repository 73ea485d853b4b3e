import { Controller, Get, HttpCode, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { notFound } from '../problems.js';
import { Public } from '../access.js';
import { ConsoleFiles } from './console-files.js';
import { ConsoleNetworksGuard } from './console.controller.js';

/** The page at `/` in production: redirects to the console, for clients that may load it. */
@Controller()
@Public()
@UseGuards(ConsoleNetworksGuard)
export class ConsoleHomeController {
  constructor(private readonly files: ConsoleFiles) {}

  /** Redirects to the console by a relative URL, which works below a path prefix; 404 when it isn't built. */
  @Get('/')
  @HttpCode(302)
  async getHome(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (!(await this.files.page())) throw notFound('route');
    void reply.header('location', 'admin/');
  }
}
