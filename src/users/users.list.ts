import type { Principal } from '../request.js';
import { Conditions, containing } from '../lists/conditions.js';
import { forbidden } from '../problems.js';
import { byCreation, type List, type Order } from '../lists/lists.js';
import type { UserRow, UserSort, UsersQuery } from './users.dto.js';
import { PUBLIC_COLUMNS, USER_COLUMNS } from './users.statements.js';

// exactly the expressions that the trigram indexes are on
const SEARCHED = `lower(username || E'\\n' || coalesce(display_name, ''))`;
const SEARCHED_BY_ADMINS = `lower(username || E'\\n' || coalesce(display_name, '') || E'\\n' || email)`;

const ORDERS: Record<'created_at' | 'username' | 'email', Order<UserRow>> = {
  created_at: byCreation(),
  username: { expression: 'lower(username)', type: 'text', valueOf: (row) => row.username.toLowerCase() },
  email: { expression: 'email', type: 'text', valueOf: (row) => row.email },
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
  if (q) conditions.add(`${isAdmin ? SEARCHED_BY_ADMINS : SEARCHED} LIKE lower($)`, containing(q));
  return {
    identity: ['users', isAdmin, q, sort, role, is_active, deleted],
    columns: isAdmin ? USER_COLUMNS : PUBLIC_COLUMNS, // by their address only admins sort
    from: 'users',
    conditions,
    order: ORDERS[keyOf(sort)],
    descending: sort.startsWith('-'),
    isSearch: q !== undefined,
  };
}

const usesAdminFilters = ({ role, is_active, deleted, sort }: UsersQuery) =>
  role !== undefined || is_active !== undefined || deleted !== undefined || keyOf(sort) === 'email';

const keyOf = (sort: UserSort) => sort.replace('-', '') as keyof typeof ORDERS;
