import type { Principal } from '../request.js';
import { isUuid } from '../http/fields.js';
import { beginningWith, Conditions, containing, isShort } from '../lists/conditions.js';
import { forbidden } from '../problems.js';
import { byCreation, type List, type Order } from '../lists/lists.js';
import type { UserRow } from './users.dto.js';
import type { UserSort, UsersQuery } from './user-requests.dto.js';
import { PENDING_EMAIL_TOPIC } from './addresses/challenges.statements.js';
import { PUBLIC_COLUMNS, USER_COLUMNS } from './users.statements.js';

// must equal the expression of the trigram index
const SEARCHED = `fold_case(username || E'\\n' || coalesce(display_name, ''))`;
const ADDRESS = `fold_case(coalesce(email, ''))`;

// users who never signed in sort last in both directions; a cursor can't compare with NULL
const NEVER = '0001-01-01T00:00:00.000Z';
const LATER = '9999-12-31T00:00:00.000Z';
const LAST_LOGIN = `coalesce(last_login_at, timestamptz '0001-01-01 00:00:00+00')`; // as in the index

type Key = 'id' | 'created_at' | 'updated_at' | 'username' | 'email' | 'last_login_at' | '-last_login_at';
const ORDERS: Record<Key, Order<UserRow>> = {
  id: { expression: 'id', type: 'uuid', valueOf: (row) => row.id }, // UUIDs of version 7: in the order of creation
  created_at: byCreation(),
  updated_at: { expression: 'updated_at', type: 'timestamptz', valueOf: (row) => row.updatedAt.toISOString() },
  username: { expression: 'fold_case(username)', type: 'text', valueOf: (row) => row.username.toLowerCase() },
  email: { expression: `coalesce(email, '')`, type: 'text', valueOf: (row) => row.email ?? '' },
  last_login_at: {
    expression: `coalesce(last_login_at, timestamptz '${LATER}')`,
    type: 'timestamptz',
    valueOf: ({ lastLoginAt }) => lastLoginAt?.toISOString() ?? LATER,
  },
  '-last_login_at': {
    expression: LAST_LOGIN,
    type: 'timestamptz',
    valueOf: ({ lastLoginAt }) => lastLoginAt?.toISOString() ?? NEVER,
  },
};

/**
 * The list of users that a query asks for.
 * @param held ids of blocked users, where the query filters by that
 * @throws Problem 403 when somebody else than an admin uses an admin's filter
 */
export function userList(query: UsersQuery, me: Principal, held: string[] = []): List<UserRow> {
  const isAdmin = me.role === 'admin';
  if (!isAdmin && usesAdminFilters(query)) throw forbidden('Only an admin may use these filters.');

  const { q, role, is_active, sort, deleted = 'exclude', locked } = query;
  const conditions = new Conditions();
  if (deleted !== 'include') conditions.add(`deleted_at IS ${deleted === 'only' ? 'NOT NULL' : 'NULL'}`);
  if (!isAdmin) conditions.add('is_active');
  if (role) conditions.add('role = $', role);
  if (is_active !== undefined) conditions.add('is_active = $', is_active);
  if (locked !== undefined) conditions.add(`${locked ? '' : 'NOT '}(id = ANY ($::uuid[]))`, held);
  addTimes(conditions, query);
  if (q) search(conditions, q, isAdmin);
  return {
    identity: ['users', isAdmin, q, sort, role, is_active, deleted, locked, ...TIMES.map((name) => query[name])],
    columns: isAdmin ? USER_COLUMNS : PUBLIC_COLUMNS, // by what these leave out only admins sort
    from: 'users',
    topic: isAdmin ? PENDING_EMAIL_TOPIC : undefined,
    conditions,
    order: ORDERS[sort === '-last_login_at' ? sort : keyOf(sort)],
    descending: sort.startsWith('-'),
    isSearch: q !== undefined,
  };
}

const TIMES = ['created_since', 'created_until', 'last_login_since', 'last_login_until', 'never_signed_in'] as const;

function addTimes(conditions: Conditions, query: UsersQuery): void {
  const { created_since, created_until, last_login_since, last_login_until, never_signed_in } = query;
  if (created_since) conditions.add('created_at >= $', new Date(created_since));
  if (created_until) conditions.add('created_at < $', new Date(created_until));
  if (last_login_since) conditions.add(`${LAST_LOGIN} >= $`, new Date(last_login_since));
  if (last_login_until) conditions.add('last_login_at < $', new Date(last_login_until));
  if (never_signed_in !== undefined) conditions.add(`last_login_at IS ${never_signed_in ? '' : 'NOT '}NULL`);
}

const SHOWN_TO_ADMINS = new Set(['email', 'updated_at', 'last_login_at']);

/** A UUID is looked up as an id; one or two characters match the beginning of a name; more match anywhere in it. */
function search(conditions: Conditions, q: string, isAdmin: boolean): void {
  if (isUuid(q)) return conditions.add('id = $', q);
  if (!isShort(q)) {
    const pattern = containing(q);
    if (!isAdmin) return conditions.add(`${SEARCHED} LIKE fold_case($)`, pattern);
    return conditions.add(`(${SEARCHED} LIKE fold_case($) OR ${ADDRESS} LIKE fold_case($))`, pattern, pattern);
  }
  const pattern = beginningWith(q);
  conditions.add(
    '(fold_case(username) LIKE fold_case($) OR fold_case(display_name) LIKE fold_case($))',
    pattern,
    pattern,
  );
}

const ADMIN_FILTERS = ['role', 'is_active', 'deleted', 'locked', ...TIMES] as const;

const usesAdminFilters = (query: UsersQuery) =>
  ADMIN_FILTERS.some((name) => query[name] !== undefined) || SHOWN_TO_ADMINS.has(keyOf(query.sort));

const keyOf = (sort: UserSort) => sort.replace('-', '') as Exclude<Key, '-last_login_at'>;
