import type { PublicUser, User } from '@userhub/client';
import { filters, keepFilters } from '../address.ts';
import { avatar, button, emptiness, h, nameOf, when } from '../dom.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

const PAGE = 10;
const PAUSE = 250;
const NEWEST = '-created_at';
type Sort = '-created_at' | 'created_at' | 'username' | '-username' | 'email' | '-email';
const SORTS: [Sort, string][] = [
  ['-created_at', 'newest first'],
  ['created_at', 'oldest first'],
  ['username', 'by username'],
  ['email', 'by e-mail address'],
];

/** All accounts, for admins: to search, to sort, to leaf through. */
export async function showUsers(): Promise<HTMLElement[]> {
  const given = filters();
  const rows = h('tbody', { role: 'rowgroup' });
  const empty = h('div');
  const range = h('p', { class: 'muted' });
  const search = h('input', {
    id: 'search',
    type: 'search',
    autocomplete: 'off',
    maxlength: 100,
    input: () => typed(),
  });
  const sort = h('select', { id: 'sort', change: () => void leaf(0).catch(complain) }, ...SORTS.map(option));
  search.value = given.get('q') ?? '';
  sort.value = SORTS.find(([value]) => value === given.get('sort'))?.[0] ?? NEWEST;
  let skip = 0;
  let asked = 0;

  const clear = () => {
    search.value = '';
    search.focus();
    void leaf(0).catch(complain);
  };
  const leaf = async (to: number, { step = false } = {}) => {
    const turn = ++asked;
    const query = { skip: to, limit: PAGE, sort: sort.value as Sort, ...(search.value && { q: search.value }) };
    const { data } = await hub.api.GET('/api/users', { params: { query } });
    if (turn !== asked) return; // something newer was asked for while the answer was on its way
    skip = to;
    keepFilters({ q: search.value, sort: sort.value === NEWEST ? '' : sort.value, skip }, { step });
    rows.replaceChildren(...(data.items as (User | PublicUser)[]).filter(isWhole).map(row));
    empty.replaceChildren(
      ...(data.items.length ? [] : [emptiness(`Nobody here matches “${search.value}”.`, 'Clear the search', clear)]),
    );
    const total = data.total ?? 0;
    const shown = total ? `${skip + 1} to ${skip + data.items.length} of ${total}` : 'Nobody';
    range.textContent = shown;
    back.disabled = skip === 0;
    forth.disabled = data.next_cursor === null;
    if (turn > 1) say(`Showing ${shown}.`);
  };
  const typed = debounced(() => void leaf(0).catch(complain));
  const back = button('Previous', () => leaf(Math.max(0, skip - PAGE), { step: true }), { report: complain });
  const forth = button('Next', () => leaf(skip + PAGE, { step: true }), { report: complain });

  await leaf(Math.max(0, Math.trunc(Number(given.get('skip')) || 0)));
  return [
    h(
      'form',
      { class: 'filters', role: 'search', submit: (event) => event.preventDefault() },
      h('div', { class: 'field' }, h('label', { for: 'search' }, 'Search'), search),
      h('div', { class: 'field' }, h('label', { for: 'sort' }, 'Order'), sort),
    ),
    h('div', { class: 'card table', role: 'region', 'aria-label': 'Users', tabindex: 0 }, table(rows), empty),
    h('nav', { class: 'paging', 'aria-label': 'Pages of the list' }, back, range, forth),
  ];
}

const COLUMNS = ['Person', 'E-mail address', 'Role', 'Status', 'Joined', 'Last sign-in'];

// on a phone rows are cards, and no table to the browser any more: the roles keep it one for screen readers
const table = (rows: HTMLElement) =>
  h(
    'table',
    { role: 'table' },
    h('caption', { class: 'unseen' }, 'Users'),
    h(
      'thead',
      { role: 'rowgroup' },
      h('tr', { role: 'row' }, ...COLUMNS.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name))),
    ),
    rows,
  );

const row = (user: User) => {
  const [, ...names] = COLUMNS;
  const cells = [
    user.email,
    user.role === 'admin' ? h('span', { class: 'badge' }, 'admin') : 'user',
    user.is_active ? 'active' : h('span', { class: 'badge off' }, 'inactive'),
    when(user.created_at),
    user.last_login_at ? when(user.last_login_at) : h('span', { class: 'muted' }, 'never'),
  ];
  return h(
    'tr',
    { role: 'row' },
    h(
      'th',
      { role: 'rowheader', scope: 'row' },
      h('span', { class: 'by' }, avatar(user), h('span', {}, nameOf(user), h('small', {}, `@${user.username}`))),
    ),
    ...cells.map((cell, index) => h('td', { role: 'cell', 'data-label': names[index] }, cell)),
  );
};

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
