/** HTML put together so that every value in it is escaped, unless it is HTML made here. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | string | number | undefined | false | Value[];

/**
 * A tag for HTML: values are escaped, pieces of HTML are not, lists are joined, nothing stays nothing. Not called `html`,
 * as formatters lay that out anew, and space matters in mails and in the digest of a script.
 */
export const markup = (texts: TemplateStringsArray, ...values: Value[]): Markup =>
  new Markup(texts.map((text, index) => (index ? show(values[index - 1]) + text : text)).join(''));

const show = (value: Value): string => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(show).join('');
  return value === undefined || value === false ? '' : escape(String(value));
};

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
