import type { Query } from '../hub.ts';
import { startOf } from '../ui/when.tsx';

/** The states that the list can be narrowed to; the empty one is everybody who isn't deleted. */
export const STATES = ['', 'active', 'deactivated', 'locked', 'deleted', 'all'] as const;

const BY_STATE: Record<string, Query> = {
  active: { is_active: true },
  deactivated: { is_active: false },
  locked: { locked: true },
  deleted: { deleted: 'only' },
  all: { deleted: 'include' },
};

export const DEFAULT_SORT = '-created_at';
const DEFAULT_LIMIT = 20;

/** Where in the list somebody is, as the address says. */
export function placeOf(query: URLSearchParams): { sort: string; skip: number; limit: number } {
  const numberOf = (name: string, fallback: number) => Math.max(0, Number(query.get(name))) || fallback;
  return {
    sort: query.get('sort') ?? DEFAULT_SORT,
    skip: numberOf('skip', 0),
    limit: Math.min(100, numberOf('limit', DEFAULT_LIMIT)),
  };
}

/** The filters of the address as the API takes them; the same for the list and for its export. */
export function filtersOf(query: URLSearchParams): Query {
  const day = (name: string, plus = 0) => {
    const value = query.get(name);
    return value ? startOf(value, plus) : undefined;
  };
  return {
    q: query.get('q') || undefined,
    role: query.get('role') || undefined,
    ...BY_STATE[query.get('state') ?? ''],
    created_since: day('from'),
    created_until: day('to', 1),
    last_login_since: day('seen'),
    never_signed_in: query.has('never') || undefined,
  };
}
