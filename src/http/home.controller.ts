import { Controller, Get, Header, Inject } from '@nestjs/common';
import { projectVersion } from '../config/project.js';
import { Settings } from '../config/settings.js';
import { Public } from '../access.js';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE = `
  :root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
  body { max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.5rem 1.5rem; }
  dd { margin: 0; }
  code { padding: 0.1em 0.4em; border-radius: 0.3em; background: color-mix(in srgb, currentcolor 10%, transparent); }`;

/** The page at `/` in development, with links to everything else. */
@Controller()
@Public()
export class HomeController {
  constructor(@Inject(Settings) private readonly settings: Settings) {}

  /** The page. Its links are relative, for a server below a path prefix. */
  @Get('/')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  getHome(): string {
    const places = [
      ...(this.settings.server.docsEnabled ? [['<a href="docs">docs</a>', 'all routes, to try them']] : []),
      ...(this.settings.console.enabled ? [['<a href="admin/">console</a>', 'accounts and settings, for admins']] : []),
      ...(this.settings.mail.mailbox ? [['<a href="dev/mail">mail</a>', 'mails that would have been sent']] : []),
      ['<a href="health">health</a>', 'state of service and database'],
      ['<code>npm run cli -- seed</code>', 'adds users, posts and tasks to try things with'],
      ['<code>npm run web</code>', 'an example front end'],
    ];
    const rows = places.map(([place, text]) => `<dt>${place}</dt><dd>${text}</dd>`).join('\n      ');
    return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>UserHub</title>
    <style>${STYLE}
    </style>
  </head>
  <body>
    <h1>UserHub is running</h1>
    <p>Version ${projectVersion()}, in development. The terminal where it was started says how to sign in as an admin.</p>
    <dl>
      ${rows}
    </dl>
  </body>
</html>
`;
  }
}
