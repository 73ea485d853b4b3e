import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Controller, Get, Header, Param, Req, StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Public } from '../access.js';
import { pathOf } from '../request.js';
import { DOCS_POLICY, DOCS_START, docsPage } from './docs-page.js';
import { projectFile } from '../config/project.js';
import { notFound } from '../problems.js';

const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Swagger UI and the OpenAPI document, read from disk on first use. */
@Controller()
@Public()
export class DocsController {
  /** Swagger UI. */
  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', DOCS_POLICY)
  getDocs(@Req() { url }: FastifyRequest): string {
    return docsPage(pathOf(url).endsWith('/') ? '' : 'docs/');
  }

  /** Files of Swagger UI. */
  @Get('docs/:file')
  @Header('cache-control', 'public, max-age=3600')
  getDocsFile(@Param('file') name: string): StreamableFile {
    if (name === 'start.js')
      return new StreamableFile(Buffer.from(DOCS_START), { type: 'text/javascript; charset=utf-8' });
    const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (!type) throw notFound('file');
    return new StreamableFile(createReadStream(path.join(swaggerUiFolder(), name)), { type });
  }

  /** The OpenAPI document. */
  @Get(['openapi.json', 'docs-json'])
  @Header('content-type', 'application/json; charset=utf-8')
  getOpenApi(): string {
    return readFileSync(projectFile('openapi.json'), 'utf8');
  }
}

const swaggerUiFolder = () => path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
