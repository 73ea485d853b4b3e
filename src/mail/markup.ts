/** HTML in which all interpolated values are escaped, unless they are `Markup`. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | string | number | undefined | false | Value[];

/**
 * A template tag for HTML: values are escaped, `Markup` is not, arrays are joined, undefined is empty. Not named `html`, as
 * formatters would reformat it, and white space matters in mails and in the digest of a script.
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
