/** Plain HTML pages of the server's own, where no front end is involved: links in mails, failed provider flows. */
import { createHash } from 'node:crypto';

const STYLE = `:root{color-scheme:light dark;font:1.0625rem/1.5 system-ui,sans-serif}body{max-width:26rem;margin:10vh auto;padding:0 1.5rem}label{display:block;margin:1rem 0}input,button{font:inherit;display:block;width:100%;box-sizing:border-box;padding:.5rem .75rem;margin-top:.25rem}button{margin-top:1rem}a{color:inherit}[role=alert]{border-left:4px solid #c00;padding-left:.75rem}`;

/** The source expression of a Content-Security-Policy for an inline script or style. */
export const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Content-Security-Policy: only the pages' own style, and these scripts. */
export const pagePolicy = (...scripts: string[]): string =>
  [
    `default-src 'none'`,
    `style-src ${hashOf(STYLE)}`,
    ...(scripts.length ? [`script-src ${scripts.map(hashOf).join(' ')}`] : []),
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');

/** A complete page. @param title as text @param content as HTML */
export const plainPage = (title: string, content: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1>${content}</main></body></html>\n`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes text for HTML. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
