type Child = Node | string | number | null | undefined | false;
type Listener = (event: Event) => void;
type Attributes = Record<string, string | number | boolean | null | undefined | Listener>;

/**
 * Makes an element. Text stays text, whatever it holds. Functions listen to the event that they are named after;
 * `true` sets an attribute without a value; `false`, `null` and `undefined` set none.
 */
export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter(isShown).map((child) => (typeof child === 'number' ? String(child) : child)));
  return element;
}

const isShown = (child: Child): child is Node | string | number =>
  child !== null && child !== undefined && child !== false;

/** A button that can't be pressed again while its work is under way. What fails is told by `report`. */
export function button(
  label: Child,
  work: () => Promise<unknown>,
  { report, ...attributes }: Attributes & { report: (reason: unknown) => void },
): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes, click: () => void run() }, label);
  // not `disabled`: that would take the focus away
  const run = async () => {
    if (element.ariaBusy === 'true') return;
    element.ariaBusy = 'true';
    try {
      await work();
    } catch (reason) {
      report(reason);
    } finally {
      element.ariaBusy = null;
    }
  };
  return element;
}

const LANGUAGE = navigator.language; // the viewer's, whatever the page is written in
const DAY = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: 'short' });
const MINUTE = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });
const TODAY = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'auto' }).format(0, 'day');

/** A time for people, in their language, exact to the minute when they point at it. */
export function when(time: string): HTMLTimeElement {
  const date = new Date(time);
  return h(
    'time',
    { datetime: time, title: MINUTE.format(date), lang: LANGUAGE },
    isToday(date) ? `${TODAY}, ${CLOCK.format(date)}` : DAY.format(date),
  );
}

const isToday = (date: Date) => date.toDateString() === new Date().toDateString();

/** What stands where there is nothing to show: that, and a way out. */
export function emptiness(text: string, way: string, go: () => void): HTMLElement {
  return h('div', { class: 'empty' }, h('p', {}, text), h('button', { type: 'button', click: go }, way));
}

/** A person's picture, or the first letter of their name. Decoration: the name stands beside it. */
export function avatar({ username, display_name, profile_picture_url }: Portrait): HTMLElement {
  const letter = h('span', { class: 'avatar', 'aria-hidden': 'true' }, (display_name ?? username).slice(0, 1));
  if (!profile_picture_url) return letter;
  const picture = h('img', { class: 'avatar', src: profile_picture_url, alt: '', referrerpolicy: 'no-referrer' });
  picture.addEventListener('error', () => picture.replaceWith(letter));
  return picture;
}

interface Portrait {
  username: string;
  display_name: string | null;
  profile_picture_url: string | null;
}

/** What others call a person. */
export const nameOf = ({ display_name, username }: Portrait): string => display_name ?? username;
