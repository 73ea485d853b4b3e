/** The one page that all mails share: blocks become HTML and text, and so the two say the same. */
import { Html, html } from './html.js';
import type { Audience, Block, Mail, MailContext } from './templates/mail.js';
import { inert } from './inert.js';

/** A mail in both forms. */
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

// Mail clients that know the scheme of the reader's system take these over the inline styles.
const STYLE = new Html(`@media (prefers-color-scheme:dark){
.back{background:#15171a!important}.paper{background:#1f2227!important;border-color:#363b43!important}
.ink,.ink a{color:#e9ebee!important}.soft,.soft a{color:#a5adb8!important}.line{border-color:#363b43!important}
.well{background:#2a2e35!important}.accent{background:#7aa2ff!important}.accent a{color:#10131a!important}}
@media (max-width:480px){.pad{padding-left:20px!important;padding-right:20px!important}}`);

/** Turns a mail into HTML and text. */
export function render(mail: Mail, context: MailContext): RenderedMail {
  const { say } = context;
  const footer = footerOf(mail.audience, context);
  const document = html`<!doctype html>
    <html lang="${say.language}" dir="${say.direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${mail.title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body class="back" style="margin:0;padding:0;background:${BACK}">
        <div style="display:none;max-height:0;overflow:hidden">${mail.preheader}</div>
        <table
          role="presentation"
          class="back"
          width="100%"
          cellpadding="0"
          cellspacing="0"
          border="0"
          style="background:${BACK}"
        >
          <tr>
            <td align="center" style="padding:24px 12px">
              <table
                role="presentation"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                border="0"
                style="max-width:560px"
              >
                <tr>
                  <td class="ink" style="padding:0 8px 12px;font:600 15px/22px ${FONT};color:${INK}">${context.app}</td>
                </tr>
                <tr>
                  <td
                    class="paper pad"
                    style="padding:28px 32px;background:${PAPER};border:1px solid ${LINE};border-radius:10px"
                  >
                    <h1 class="ink" style="margin:0 0 16px;font:600 22px/29px ${FONT};color:${INK}">${mail.title}</h1>
                    ${mail.blocks.map(blockHtml)}
                  </td>
                </tr>
                <tr>
                  <td class="soft" style="padding:16px 8px;font:13px/20px ${FONT};color:${SOFT}">
                    ${footer.map((line) => html`${line}<br />`)}<a href="${context.page('')}" style="color:${SOFT}"
                      >${context.page('')}</a
                    >
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html> `;
  const text = [mail.title, ...mail.blocks.map(blockText), ['-- ', ...footer, context.page('')].join('\n')];
  return { subject: mail.subject, title: mail.title, html: document.text, text: `${text.join('\n\n')}\n` };
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'text':
      return html`<p class="ink" style="margin:0 0 16px;font:16px/25px ${FONT};color:${INK}">${block.text}</p>`;
    case 'code':
      return html`<p class="soft" style="margin:0 0 4px;font:13px/20px ${FONT};color:${SOFT}">${block.label}</p>
        <p
          class="ink well"
          style="margin:0 0 20px;padding:12px 16px;background:${BACK};border-radius:8px;font:600 28px/36px ${MONO};letter-spacing:2px;color:${INK}"
        >
          ${block.code}
        </p>`;
    case 'button':
      return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 8px">
          <tr>
            <td class="accent" style="background:${ACCENT};border-radius:8px">
              <a
                href="${block.url}"
                style="display:inline-block;padding:12px 22px;font:600 16px/24px ${FONT};color:#ffffff;text-decoration:none"
                >${block.label}</a
              >
            </td>
          </tr>
        </table>
        <p
          class="soft"
          style="margin:0 0 20px;font:13px/20px ${FONT};color:${SOFT};word-break:break-all;overflow-wrap:anywhere"
        >
          ${block.hint} <a href="${block.url}" style="color:${SOFT}">${block.url}</a>
        </p>`;
    case 'facts':
      return html`<table
        role="presentation"
        class="line"
        width="100%"
        cellpadding="0"
        cellspacing="0"
        border="0"
        style="margin:4px 0 20px;border-top:1px solid ${LINE}"
      >
        ${block.rows.map(
          ([label, value]) =>
            html`<tr>
              <td
                class="soft line"
                style="padding:8px 16px 8px 0;border-bottom:1px solid ${LINE};font:14px/21px ${FONT};color:${SOFT};vertical-align:top;white-space:nowrap"
              >
                ${label}
              </td>
              <td
                class="ink line"
                width="100%"
                style="padding:8px 0;border-bottom:1px solid ${LINE};font:14px/21px ${FONT};color:${INK};word-break:break-word;overflow-wrap:anywhere"
              >
                ${value}
              </td>
            </tr>`,
        )}
      </table>`;
    case 'quote':
      return html`<blockquote
        class="ink line"
        style="margin:0 0 20px;padding:2px 0 2px 16px;border-left:3px solid ${LINE};font:16px/25px ${FONT};color:${INK};white-space:pre-line;overflow-wrap:anywhere"
      >
        ${block.text}
      </blockquote>`;
    default:
      return block satisfies never;
  }
}

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

/** Who sent it, and why one gets it. */
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
