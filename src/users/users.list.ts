import type { Principal } from '../access.js';
import { Conditions, containing } from '../database/conditions.js';
import { composedStatement, type Statement } from '../database/database.js';
import { forbidden } from '../errors.js';
import { isTimestamp, type Position, positionOf } from '../http/pages.js';
import type { UserRow, UserSort, UsersQuery } from './users.dto.js';
import { USER_COLUMNS } from './users.statements.js';

/** The two statements behind a page of users, and what they have in common. */
export interface UserList {
  identity: readonly unknown[];
  rows: Statement;
  rowValues: unknown[];
  count: Statement;
  countValues: unknown[];
  position: (row: UserRow) => Position;
}

const SEARCHED = `lower(username || E'\\n' || coalesce(display_name, ''))`;
const SEARCHED_BY_ADMINS = `lower(username || E'\\n' || coalesce(display_name, '') || E'\\n' || email)`;

interface Order {
  expression: string;
  type: string;
  valueOf: (row: UserRow) => string;
  isValid: (value: string) => boolean;
}

const ORDERS: Record<string, Order> = {
  created_at: {
    expression: 'created_at',
    type: 'timestamptz',
    valueOf: (row) => row.createdAt.toISOString(),
    isValid: isTimestamp,
  },
  username: {
    expression: 'lower(username)',
    type: 'text',
    valueOf: (row) => row.username.toLowerCase(),
    isValid: () => true,
  },
  email: { expression: 'email', type: 'text', valueOf: (row) => row.email, isValid: () => true },
};

/** Turns a query into SQL: only values vary, never text that came over the wire. @throws Problem 403 on an admin's filter */
export function userList(query: UsersQuery, me: Principal): UserList {
  const isAdmin = me.role === 'admin';
  if (!isAdmin && usesAdminFilters(query)) throw forbidden('Only an admin may use these filters.');

  const conditions = new Conditions();
  const deleted = query.deleted ?? 'exclude';
  if (deleted !== 'include') conditions.add(`deleted_at IS ${deleted === 'only' ? 'NOT NULL' : 'NULL'}`);
  if (!isAdmin) conditions.add('is_active');
  if (query.role) conditions.add('role = $', query.role);
  if (query.is_active !== undefined) conditions.add('is_active = $', query.is_active);
  if (query.q) conditions.add(`${isAdmin ? SEARCHED_BY_ADMINS : SEARCHED} LIKE lower($)`, containing(query.q));

  const identity = ['users', isAdmin, query.q, query.sort, query.role, query.is_active, deleted];
  const counted = {
    text: `SELECT count(*)::int AS total FROM users ${conditions.where}`,
    values: [...conditions.values],
  };
  return { ...rowsInOrder(query, identity, conditions), ...finish(query.q, counted), identity };
}

function rowsInOrder(query: UsersQuery, identity: readonly unknown[], conditions: Conditions) {
  const { order, descending } = orderOf(query.sort);
  const after = positionOf(query, identity, order.isValid);
  if (after) {
    const comparison = descending ? '<' : '>';
    conditions.add(`(${order.expression}, id) ${comparison} ($::${order.type}, $::uuid)`, after.value, after.id);
  }
  const direction = descending ? 'DESC' : 'ASC';
  const limit = conditions.value(query.limit + 1);
  const offset = query.skip ? `OFFSET ${conditions.value(query.skip)}` : '';
  const text = `SELECT ${USER_COLUMNS} FROM users ${conditions.where}
    ORDER BY ${order.expression} ${direction}, id ${direction} LIMIT ${limit} ${offset}`;
  return {
    rows: query.q ? { text } : composedStatement(text),
    rowValues: conditions.values,
    position: (row: UserRow) => ({ value: order.valueOf(row), id: row.id }),
  };
}

/** A search is planned for what is searched: how rare it is decides which index is best. */
const finish = (q: string | undefined, { text, values }: { text: string; values: unknown[] }) => ({
  count: q ? { text } : composedStatement(text),
  countValues: values,
});

const usesAdminFilters = ({ role, is_active, deleted, sort }: UsersQuery) =>
  role !== undefined || is_active !== undefined || deleted !== undefined || sort.endsWith('email');

function orderOf(sort: UserSort): { order: Order; descending: boolean } {
  const order = ORDERS[sort.replace('-', '')];
  if (!order) throw new TypeError(`There is no order for ${sort}`);
  return { order, descending: sort.startsWith('-') };
}
