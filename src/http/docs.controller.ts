import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { Public } from '../request.js';
import { projectFile } from '../config/project.js';
import { notFound } from '../problems.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'", // Swagger UI sets styles from its script
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>UserHub API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <style>
      /* there are neither scopes nor clients to name, and no other servers to choose from */
      .auth-container .scope-def,
      .wrapper:has(> label:is([for='password_type'], [for='client_id_password'], [for='client_secret_password'])),
      .scheme-container .servers-title,
      .scheme-container .servers {
        display: none;
      }
    </style>
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Swagger UI, and the document that it shows. Both are read when somebody asks, and cost nothing at start. */
@Controller()
@Public()
export class DocsController {
  /** Swagger UI. */
  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  getDocs(): string {
    return PAGE;
  }

  /** Swagger UI's own files. */
  @Get('docs/:file')
  @Header('cache-control', 'public, max-age=3600')
  getDocsFile(@Param('file') name: string): StreamableFile {
    if (name === 'start.js') return new StreamableFile(Buffer.from(START), { type: 'text/javascript; charset=utf-8' });
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
