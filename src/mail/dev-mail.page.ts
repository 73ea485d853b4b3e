/** The pages of the development mailbox. */
import { createHash } from 'node:crypto';
import type { DevMail } from './dev-mail.entity.js';
import { Markup, markup } from './markup.js';

const STYLE = `
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5c6370;--line:#dfe2e7;--back:#f3f4f6;--paper:#fff;--accent:#1f4fd8}
@media (prefers-color-scheme:dark){:root{--ink:#e9ebee;--soft:#a5adb8;--line:#363b43;--back:#15171a;--paper:#1f2227;--accent:#7aa2ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:860px;margin:0 auto;padding:24px 16px 48px}
header{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:baseline;justify-content:space-between;margin-bottom:16px}
h1{margin:0;font-size:22px;overflow-wrap:anywhere}
h2{margin:32px 0 8px;font-size:16px}
a{color:var(--accent)}
button{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:6px 14px;cursor:pointer}
button:focus-visible,a:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.soft{color:var(--soft)}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px}
ul{list-style:none;margin:0;padding:0}
li+li{border-top:1px solid var(--line)}
li a{display:block;padding:12px 16px;color:inherit;text-decoration:none}
li a:hover strong{text-decoration:underline}
li span{display:block;font-size:14px;overflow-wrap:anywhere}
.copy{display:flex;gap:8px;margin:8px 0}
.copy label{flex:none;width:48px;padding:6px 0}
.copy input{flex:1;min-width:0;font:14px/1.5 ui-monospace,monospace;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:6px 10px}
iframe{display:block;width:100%;height:720px;border:1px solid var(--line);border-radius:10px;background:var(--paper)}
pre{margin:0;padding:16px;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.6 ui-monospace,monospace}
`;

const SCRIPT = `
document.addEventListener('click', async ({ target }) => {
  if (target.id === 'empty') {
    await fetch('/dev/mail', { method: 'DELETE' });
    location.href = '/dev/mail';
  }
  if (target.className !== 'take') return;
  const field = target.parentElement.querySelector('input');
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand('copy'); }
  target.textContent = 'Copied';
});
`;

const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Content-Security-Policy: one script, and a frame for the mail that may run none. */
export const POLICY = [
  `default-src 'none'`,
  `script-src ${digest(SCRIPT)}`,
  `style-src 'unsafe-inline'`,
  `connect-src 'self'`,
  `form-action 'none'`,
  `frame-src 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

const page = (title: string, body: Markup): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;

/** All mails, newest first. */
export const listPage = (mails: DevMail[]): string =>
  page(
    'Development mailbox',
    markup`<header><h1>Development mailbox</h1>${mails.length > 0 && markup`<button id="empty" type="button">Delete all</button>`}</header>
${mails.length > 0 ? markup`<ul class="card">${mails.map(entry)}</ul>` : NO_MAIL}
<p class="soft">The last 200 are kept. Programs read <a href="/dev/mail.json">/dev/mail.json</a>.</p>`,
  );

const NO_MAIL = markup`<p class="soft">There is no mail yet. What this server sends is shown here and goes nowhere else; set MAIL_URL to send it.</p>`;

const entry = ({ id, at, mail }: DevMail) =>
  markup`<li><a href="/dev/mail/${id}"><strong>${mail.subject}</strong><span>${mail.to}</span><span class="soft">${mail.kind} · ${when(at)}</span></a></li>`;

/** A mail as its reader sees it, with its code and link to copy. */
export const mailPage = ({ at, mail }: DevMail): string =>
  page(
    mail.subject,
    markup`<p><a href="/dev/mail">All mails</a></p>
<header><h1>${mail.subject}</h1></header>
<p class="soft">${mail.kind} · to ${mail.to} · ${when(at)}</p>
${mail.code !== null && copyable('Code', mail.code)}
${mail.link !== null && copyable('Link', mail.link)}
<h2>HTML</h2>
<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${inFrame(mail.html)}"></iframe>
<h2>Text</h2>
<pre class="card">${mail.text}</pre>
<h2>Headers</h2>
<pre class="card">${headerLines(mail.headers)}</pre>`,
  );

const copyable = (label: string, value: string) =>
  markup`<div class="copy"><label for="${label}">${label}</label><input id="${label}" readonly value="${value}"><button class="take" type="button">Copy</button></div>`;

/** Makes links open outside the frame. */
const inFrame = (text: string) => text.replace('<head>', '<head><base target="_blank">');

const headerLines = (headers: Record<string, string>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

const when = (at: Date) => at.toISOString().replace('T', ' ').slice(0, 19);
