/** The page of the local issuer where people say who they are. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Person } from './issuer.js';

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Asks who it is. */
export function signInPage(response: ServerResponse, { hint, client }: { hint: string; client: string }): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  }).end(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Local issuer</title>
    <style>
      :root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
      body { max-width: 26rem; margin: 10vh auto; padding: 0 1.5rem; }
      label { display: block; margin: 1rem 0; }
      input:not([type='checkbox']) { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: 0.4rem; }
      button { font: inherit; padding: 0.4rem 1.2rem; }
    </style>
  </head>
  <body>
    <h1>Who are you?</h1>
    <p>An issuer for development: it believes whatever you say, and tells ${escaped(client)}.</p>
    <form method="post">
      <label>E-mail address <input name="email" type="email" required autofocus value="${escaped(hint)}" /></label>
      <label>Name <input name="name" /></label>
      <label><input name="email_verified" type="checkbox" checked /> The address is verified</label>
      <label><input name="mfa" type="checkbox" /> Signed in with a second factor</label>
      <button>Sign in</button>
    </form>
  </body>
</html>
`);
}

/** Who it is, as the page's form says; undefined when it says nothing. */
export async function personIn(request: IncomingMessage): Promise<Person | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const email = form.get('email')?.trim();
  const name = form.get('name')?.trim();
  if (!email) return undefined;
  return {
    email,
    email_verified: form.has('email_verified'),
    ...(name && { name }),
    amr: form.has('mfa') ? ['pwd', 'mfa'] : ['pwd'],
  };
}
