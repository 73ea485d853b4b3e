import { Controller, Get, HttpCode, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { notFound } from '../problems.js';
import { Public } from '../access.js';
import { ConsoleFiles } from './console-files.js';
import { ConsoleNetworksGuard } from './console.controller.js';

/** What stands at `/` in production: the way to the console, for whoever may know that there is one. */
@Controller()
@Public()
@UseGuards(ConsoleNetworksGuard)
export class ConsoleHomeController {
  constructor(private readonly files: ConsoleFiles) {}

  /** Leads to the console, relatively, so that a path prefix in front of it stays; 404 where it is not built. */
  @Get('/')
  @HttpCode(302)
  async getHome(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (!(await this.files.page())) throw notFound('route');
    void reply.header('location', 'admin/');
  }
}
