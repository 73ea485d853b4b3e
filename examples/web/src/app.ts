/** The frame of all pages: who is signed in, where they are, and what a screen reader is told about it. */
import { type User, type UserHubProblem } from '@userhub/client';
import { pageIn } from './address.ts';
import { avatar, button, h, nameOf } from './dom.ts';
import { explain, hub } from './hub.ts';
import { type Page, pagesFor } from './pages.ts';
import { linkWaiting } from './providers.ts';
import { complain, say } from './status.ts';

let me: User | undefined;

/** Begins: shows the page that the address names. */
export async function start(): Promise<void> {
  skipLink()?.addEventListener('click', (event) => {
    event.preventDefault(); // addresses name pages here
    main()?.focus();
  });
  addEventListener('hashchange', () => {
    say(''); // it was about the page before
    void showPage();
  });
  addEventListener('signed-in', () => void enter());
  addEventListener('signed-out', (event) => leave((event as CustomEvent<UserHubProblem | undefined>).detail));
  await ((await hub.isSignedIn()) ? enter() : showPage());
}

/** Somebody is signed in: here, in another tab, or since the last visit. */
async function enter(): Promise<void> {
  try {
    me = (await hub.api.GET('/api/auth/me')).data;
  } catch (reason) {
    // what ended the session has been told already
    if (await hub.isSignedIn()) show('UserHub', [failure(reason, enter)]);
    return;
  }
  await showPage();
  await linkWaiting();
}

function leave(reason?: UserHubProblem): void {
  me = undefined;
  say(reason ? 'Your session has ended. Please sign in again.' : 'You are signed out.');
  void showPage();
}

/** Shows the page that the address names, or the first one that this person may see. */
async function showPage(): Promise<void> {
  const page = currentPage();
  if (pageIn(location.hash) !== page.hash) history.replaceState(null, '', page.hash);
  const body = show(page.title, []);
  body.ariaBusy = 'true';
  try {
    body.replaceChildren(...(await page.show()));
  } catch (reason) {
    body.replaceChildren(failure(reason, showPage));
  }
  body.ariaBusy = null;
}

function pages(): [Page, ...Page[]] {
  return pagesFor(me, { reload: showPage, changed: enter });
}

function currentPage(): Page {
  const all = pages();
  return all.find(({ hash }) => hash === pageIn(location.hash)) ?? all[0];
}

/** The heading takes the focus: that is how a screen reader learns that the page is another. */
function show(title: string, content: HTMLElement[]): HTMLElement {
  document.title = title === 'UserHub' ? title : `${title} · UserHub`;
  const heading = h('h1', { tabindex: -1 }, title);
  const body = h('div', { class: 'page' }, ...content);
  document.getElementById('top')?.replaceChildren(...header());
  main()?.replaceChildren(heading, body);
  document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  heading.focus();
  return body;
}

const main = () => document.getElementById('main');
const skipLink = () => document.querySelector<HTMLAnchorElement>('.skip');

function header(): HTMLElement[] {
  const shown = pages().filter(({ isHidden }) => !isHidden);
  const links = shown.map(({ hash, title }) =>
    h('li', {}, h('a', { href: hash, 'aria-current': hash === pageIn(location.hash) && 'page' }, title)),
  );
  return [
    h(
      'a',
      { class: 'logo', href: '#/' },
      h('img', { src: '/icon.svg', alt: '', width: 28, height: 28 }),
      h('span', {}, 'UserHub'),
    ),
    h('nav', { 'aria-label': 'Pages' }, h('ul', {}, ...links)),
    ...(me ? [whoami(me)] : []),
  ];
}

function whoami(user: User): HTMLElement {
  const signOut = button('Sign out', () => hub.signOut(), { report: complain, class: 'quiet' });
  return h('div', { class: 'whoami' }, avatar(user), h('span', { class: 'name' }, nameOf(user)), signOut);
}

const failure = (reason: unknown, again: () => Promise<void>) =>
  h(
    'div',
    { class: 'card', role: 'alert' },
    h('p', {}, explain(reason)),
    button('Try again', again, { report: complain }),
  );
