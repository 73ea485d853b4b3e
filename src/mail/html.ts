/** HTML put together so that every value in it is escaped, unless it is HTML made here. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | string | number | undefined | false | Value[];

/** A tag for HTML: values are escaped, pieces of HTML are not, lists are joined, nothing stays nothing. */
export const html = (texts: TemplateStringsArray, ...values: Value[]): Html =>
  new Html(texts.map((text, index) => (index ? show(values[index - 1]) + text : text)).join(''));

const show = (value: Value): string => {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(show).join('');
  return value === undefined || value === false ? '' : escape(String(value));
};

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
