import type { Principal } from '../request.js';
import { isUuid } from '../http/fields.js';
import { beginningWith, Conditions, containing, isShort } from '../lists/conditions.js';
import { forbidden } from '../problems.js';
import { byCreation, type List, type Order } from '../lists/lists.js';
import type { UserRow, UserSort, UsersQuery } from './users.dto.js';
import { PUBLIC_COLUMNS, USER_COLUMNS } from './users.statements.js';

// exactly the expressions that the trigram indexes are on
const SEARCHED = `fold_case(username || E'\\n' || coalesce(display_name, ''))`;
const SEARCHED_BY_ADMINS = `fold_case(username || E'\\n' || coalesce(display_name, '') || E'\\n' || coalesce(email, ''))`;

const ORDERS: Record<'id' | 'created_at' | 'updated_at' | 'username' | 'email', Order<UserRow>> = {
  id: { expression: 'id', type: 'uuid', valueOf: (row) => row.id }, // UUIDs of version 7: in the order of creation
  created_at: byCreation(),
  updated_at: { expression: 'updated_at', type: 'timestamptz', valueOf: (row) => row.updatedAt.toISOString() },
  username: { expression: 'fold_case(username)', type: 'text', valueOf: (row) => row.username.toLowerCase() },
  email: { expression: `coalesce(email, '')`, type: 'text', valueOf: (row) => row.email ?? '' },
};

/** The list of users that a query asks for. @throws Problem 403 when somebody else than an admin uses an admin's filter */
export function userList(query: UsersQuery, me: Principal): List<UserRow> {
  const isAdmin = me.role === 'admin';
  if (!isAdmin && usesAdminFilters(query)) throw forbidden('Only an admin may use these filters.');

  const { q, role, is_active, sort, deleted = 'exclude' } = query;
  const conditions = new Conditions();
  if (deleted !== 'include') conditions.add(`deleted_at IS ${deleted === 'only' ? 'NOT NULL' : 'NULL'}`);
  if (!isAdmin) conditions.add('is_active');
  if (role) conditions.add('role = $', role);
  if (is_active !== undefined) conditions.add('is_active = $', is_active);
  if (q) search(conditions, q, isAdmin);
  return {
    identity: ['users', isAdmin, q, sort, role, is_active, deleted],
    columns: isAdmin ? USER_COLUMNS : PUBLIC_COLUMNS, // by what these leave out only admins sort
    from: 'users',
    conditions,
    order: ORDERS[keyOf(sort)],
    descending: sort.startsWith('-'),
    isSearch: q !== undefined,
  };
}

const SHOWN_TO_ADMINS = new Set(['email', 'updated_at']);

/** A UUID finds the user with that id; one or two characters whose name begins with them; more, whoever has them anywhere. */
function search(conditions: Conditions, q: string, isAdmin: boolean): void {
  if (isUuid(q)) return conditions.add('id = $', q);
  if (!isShort(q)) {
    return conditions.add(`${isAdmin ? SEARCHED_BY_ADMINS : SEARCHED} LIKE fold_case($)`, containing(q));
  }
  const pattern = beginningWith(q);
  conditions.add(
    '(fold_case(username) LIKE fold_case($) OR fold_case(display_name) LIKE fold_case($))',
    pattern,
    pattern,
  );
}

const usesAdminFilters = ({ role, is_active, deleted, sort }: UsersQuery) =>
  role !== undefined || is_active !== undefined || deleted !== undefined || SHOWN_TO_ADMINS.has(keyOf(sort));

const keyOf = (sort: UserSort) => sort.replace('-', '') as keyof typeof ORDERS;
