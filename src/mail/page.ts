/** The layout of all mails: blocks are rendered as HTML and as text, so both say the same. */
import { inert } from './inert.js';
import { Markup, markup } from './markup.js';
import type { Audience, Block, Mail, MailContext } from './templates/mail.js';

/** A mail as HTML and text. */
export interface RenderedMail {
  subject: string;
  title: string;
  html: string;
  text: string;
}

const FONT = `-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif`;
const MONO = `ui-monospace,SFMono-Regular,Menlo,Consolas,monospace`;
const INK = '#1c1e21';
const SOFT = '#5c6370';
const LINE = '#dfe2e7';
const BACK = '#f3f4f6';
const PAPER = '#ffffff';
const ACCENT = '#1f4fd8';

const TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"';
const P = `margin:0 0 16px;font:16px/25px ${FONT};color:${INK}`;
const SMALL = `font:13px/20px ${FONT};color:${SOFT}`;
const ROW = `border-bottom:1px solid ${LINE};font:14px/21px ${FONT}`;

/** Overrides for mail clients that support dark mode. */
const STYLE = new Markup(`
@media (prefers-color-scheme:dark){
.back{background:#15171a!important}.paper{background:#1f2227!important;border-color:#363b43!important}
.ink,.ink a{color:#e9ebee!important}.soft,.soft a{color:#a5adb8!important}.line{border-color:#363b43!important}
.well{background:#2a2e35!important}.accent{background:#7aa2ff!important}.accent a{color:#10131a!important}}
@media (max-width:480px){.pad{padding-left:20px!important;padding-right:20px!important}}
`);

/** Renders a mail as HTML and text. */
export function render(mail: Mail, context: MailContext): RenderedMail {
  const { subject, title, blocks, audience } = mail;
  const footer = footerOf(audience, context);
  const home = context.page('');
  const text = [title, ...blocks.map(blockText), ['-- ', ...footer, home].join('\n')].join('\n\n');
  return { subject, title, html: documentOf(mail, context, footer).text, text: `${text}\n` };
}

const table = new Markup(TABLE);

const documentOf = ({ title, preheader, blocks }: Mail, { say, app, page }: MailContext, footer: string[]) => markup`<!doctype html>
<html lang="${say.language}" dir="${say.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body class="back" style="margin:0;padding:0;background:${BACK}">
<div style="display:none;max-height:0;overflow:hidden">${preheader}</div>
<table ${table} class="back" width="100%" style="background:${BACK}"><tr><td align="center" style="padding:24px 12px">
<table ${table} width="100%" style="max-width:560px">
<tr><td class="ink" style="padding:0 8px 12px;font:600 15px/22px ${FONT};color:${INK}">${app}</td></tr>
<tr><td class="paper pad" style="padding:28px 32px 12px;background:${PAPER};border:1px solid ${LINE};border-radius:10px">
<h1 class="ink" style="margin:0 0 16px;font:600 22px/29px ${FONT};color:${INK}">${title}</h1>
${blocks.map(blockMarkup)}</td></tr>
<tr><td class="soft" style="padding:16px 8px;${SMALL}">${footer.map((line) => markup`${line}<br>`)}<a href="${page('')}" style="color:${SOFT}">${page('')}</a></td></tr>
</table>
</td></tr></table>
</body>
</html>
`; // prettier-ignore

function blockMarkup(block: Block): Markup {
  switch (block.kind) {
    case 'text':
      return markup`<p class="ink" style="${P}">${block.text}</p>\n`;
    case 'code':
      return markup`<p class="soft" style="margin:0 0 4px;${SMALL}">${block.label}</p>
<p class="ink well" style="margin:0 0 20px;padding:12px 16px;background:${BACK};border-radius:8px;font:600 28px/36px ${MONO};letter-spacing:2px;color:${INK}">${block.code}</p>\n`;
    case 'button':
      return markup`<table ${table} style="margin:0 0 8px"><tr><td class="accent" style="background:${ACCENT};border-radius:8px"><a href="${block.url}" style="display:inline-block;padding:12px 22px;font:600 16px/24px ${FONT};color:#ffffff;text-decoration:none">${block.label}</a></td></tr></table>
<p class="soft" style="margin:0 0 20px;${SMALL};word-break:break-all;overflow-wrap:anywhere">${block.hint} <a href="${block.url}" style="color:${SOFT}">${block.url}</a></p>\n`;
    case 'facts':
      return markup`<table ${table} class="line" width="100%" style="margin:4px 0 20px;border-top:1px solid ${LINE}">
${block.rows.map(rowMarkup)}</table>\n`;
    case 'quote':
      return markup`<blockquote class="ink line" style="margin:0 0 20px;padding:2px 0 2px 16px;border-left:3px solid ${LINE};font:16px/25px ${FONT};color:${INK};overflow-wrap:anywhere">${block.text.split('\n').map((line, index) => markup`${index > 0 && markup`<br>`}${line}`)}</blockquote>\n`;
    default:
      return block satisfies never;
  }
}

const rowMarkup = ([label, value]: [string, string]) =>
  markup`<tr><td class="soft line" style="padding:8px 16px 8px 0;${ROW};color:${SOFT};vertical-align:top;white-space:nowrap">${label}</td><td class="ink line" width="100%" style="padding:8px 0;${ROW};color:${INK};word-break:break-word;overflow-wrap:anywhere">${value}</td></tr>\n`;

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'code':
      return `${block.label}: ${block.code}`;
    case 'button':
      return `${block.label}:\n${block.url}`;
    case 'facts':
      return block.rows.map(([label, value]) => `${label}: ${value}`).join('\n');
    case 'quote':
      return block.text.replace(/^/gm, '> ');
    default:
      return block satisfies never;
  }
}

/** Who sent it, and why the recipient gets it. */
function footerOf(audience: Audience, { say, app, email, words }: MailContext): string[] {
  const sentBy = say.sentence('footer.sent_by', { app, email });
  switch (audience) {
    case 'account':
      return [sentBy, say.sentence('footer.why.account')];
    case 'asked':
      return [sentBy, say.sentence('footer.why.asked')];
    case 'invited':
      return [sentBy, say.sentence('footer.why.invited', { inviter: inert(words.invited_by ?? app) })];
    case 'admin':
      return [sentBy, say.sentence('footer.why.admin', { app })];
    default:
      return audience satisfies never;
  }
}
