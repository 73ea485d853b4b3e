import type { PublicUser, User } from '@userhub/client';
import { avatar, button, h, nameOf, when } from '../dom.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

const PAGE = 10;
const PAUSE = 250;
type Sort = '-created_at' | 'created_at' | 'username' | '-username' | 'email' | '-email';
const SORTS: [Sort, string][] = [
  ['-created_at', 'newest first'],
  ['created_at', 'oldest first'],
  ['username', 'by username'],
  ['email', 'by e-mail address'],
];

/** All accounts, for admins: to search, to sort, to leaf through. */
export async function showUsers(): Promise<HTMLElement[]> {
  const rows = h('tbody');
  const range = h('p', { class: 'muted' });
  const search = h('input', {
    id: 'search',
    type: 'search',
    autocomplete: 'off',
    maxlength: 100,
    input: () => typed(),
  });
  const sort = h('select', { id: 'sort', change: () => void leaf(0).catch(complain) }, ...SORTS.map(option));
  let skip = 0;
  let asked = 0;

  const leaf = async (to: number) => {
    const turn = ++asked;
    const query = { skip: to, limit: PAGE, sort: sort.value as Sort, ...(search.value && { q: search.value }) };
    const { data } = await hub.api.GET('/api/users', { params: { query } });
    if (turn !== asked) return; // something newer was asked for while the answer was on its way
    skip = to;
    rows.replaceChildren(...data.items.filter(isWhole).map(row));
    const total = data.total ?? 0;
    const shown = total ? `${skip + 1} to ${skip + data.items.length} of ${total}` : 'Nobody';
    range.textContent = shown;
    back.disabled = skip === 0;
    forth.disabled = data.next_cursor === null;
    if (turn > 1) say(`Showing ${shown}.`);
  };
  const typed = debounced(() => void leaf(0).catch(complain));
  const back = button('Previous', () => leaf(Math.max(0, skip - PAGE)), { report: complain });
  const forth = button('Next', () => leaf(skip + PAGE), { report: complain });

  await leaf(0);
  return [
    h(
      'form',
      { class: 'filters', role: 'search', submit: (event) => event.preventDefault() },
      h('div', { class: 'field' }, h('label', { for: 'search' }, 'Search'), search),
      h('div', { class: 'field' }, h('label', { for: 'sort' }, 'Order'), sort),
    ),
    h('div', { class: 'card table', role: 'region', 'aria-label': 'Users', tabindex: 0 }, table(rows)),
    h('nav', { class: 'paging', 'aria-label': 'Pages of the list' }, back, range, forth),
  ];
}

const COLUMNS = ['Person', 'E-mail address', 'Role', 'Status', 'Joined', 'Last sign-in'];

const table = (rows: HTMLElement) =>
  h(
    'table',
    {},
    h('caption', { class: 'unseen' }, 'Users'),
    h('thead', {}, h('tr', {}, ...COLUMNS.map((name) => h('th', { scope: 'col' }, name)))),
    rows,
  );

const row = (user: User) =>
  h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('span', { class: 'by' }, avatar(user), h('span', {}, nameOf(user), h('small', {}, `@${user.username}`))),
    ),
    h('td', {}, user.email),
    h('td', {}, user.role === 'admin' ? h('span', { class: 'badge' }, 'admin') : 'user'),
    h('td', {}, user.is_active ? 'active' : h('span', { class: 'badge off' }, 'inactive')),
    h('td', {}, when(user.created_at)),
    h('td', {}, user.last_login_at ? when(user.last_login_at) : h('span', { class: 'muted' }, 'never')),
  );

const option = ([value, label]: [Sort, string]) => h('option', { value }, label);

/** Admins see whole users only. */
const isWhole = (user: User | PublicUser): user is User => 'email' in user;

/** Waits until nothing more is typed. */
function debounced(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, PAUSE);
  };
}
