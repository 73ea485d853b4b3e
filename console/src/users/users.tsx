import { useEffect, useState } from 'preact/hooks';
import { ExportButton } from '../export.tsx';
import { get, suspectDemotion } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Page, User } from '../types.ts';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { Pager } from '../ui/pager.tsx';
import { nameOf } from '../ui/person.tsx';
import { Button, PageHead } from '../ui/pieces.tsx';
import { go, href, type Route, withQuery } from '../ui/router.ts';
import { Table } from '../ui/table.tsx';
import { BulkBar } from './bulk.tsx';
import { columns } from './columns.tsx';
import { Filters } from './filters.tsx';
import { newUser } from './new-user.tsx';
import { filtersOf, placeOf } from './query.ts';

const MOST_TICKED = 100;
/** Who was opened last: the focus goes back to them. */
let opened: string | undefined;

/** Everybody who has an account. Its whole state is in the address: `#/users?q=ada&state=deactivated&sort=username`. */
export function UsersPage({ route }: { route: Route }) {
  const filters = filtersOf(route.query);
  const { sort, skip, limit } = placeOf(route.query);
  const filter = JSON.stringify(filters);
  const list = useLoaded((signal) => load({ ...filters, sort, skip, limit }, signal), [filter, sort, skip, limit]);
  const [ticked, setTicked] = useState(new Set<string>());
  const [failures, setFailures] = useState(new Map<string, string>());
  useEffect(() => {
    setTicked(new Set());
    setFailures(new Map());
  }, [filter]);
  useEffect(() => {
    if (!list.data) return;
    document.querySelector<HTMLElement>(`[data-row="${opened ?? ''}"] a`)?.focus();
    opened = undefined;
  }, [list.data]);

  const tick = (ids: string[], on: boolean) => {
    const next = new Set(ticked);
    for (const id of ids) {
      if (!on) next.delete(id);
      else if (next.size < MOST_TICKED) next.add(id);
    }
    setTicked(next);
  };
  const turn = (changes: Record<string, string | number | undefined>) => go(withQuery(route, changes));

  return (
    <>
      <PageHead title={texts.users.title}>
        <ExportButton path="/api/users.csv" query={{ ...filters, sort }} name="users.csv" />
        <Button kind="primary" act={newUser}>
          {texts.newUser.title}
        </Button>
      </PageHead>
      <Filters route={route} />
      <Shown of={list} lines={12}>
        {({ page, locked }) =>
          page.items.length ? (
            <>
              <Table
                caption={texts.users.title}
                rows={page.items}
                idOf={({ id }) => id}
                columns={columns(
                  (id) => locked.has(id),
                  (id) => failures.get(id),
                )}
                sort={sort}
                onSort={(next) => turn({ sort: next, skip: undefined })}
                ticks={{ isTicked: (id) => ticked.has(id), tick, nameOf }}
              />
              <Pager
                skip={skip}
                limit={limit}
                shown={page.items.length}
                total={page.total}
                isExact={page.total_is_exact}
                go={(next) => turn({ skip: next || undefined })}
                resize={(size) => turn({ limit: size, skip: undefined })}
              />
            </>
          ) : (
            <Empty text={texts.users.none}>
              <a href={href(route.path)}>{texts.clearFilters}</a>
            </Empty>
          )
        }
      </Shown>
      {ticked.size > 0 && (
        <BulkBar
          ids={[...ticked]}
          areDeleted={route.query.get('state') === 'deleted'}
          clear={() => setTicked(new Set())}
          done={async (failed) => {
            setTicked(new Set(failed.keys()));
            setFailures(failed);
            await list.reload();
          }}
        />
      )}
    </>
  );
}

/** Remembers whom the list led to. */
export const remember = (id: string) => void (opened = id);

interface Listed {
  page: Page<User>;
  /** Who of all is held back from signing in. */
  locked: Set<string>;
}

async function load(query: Record<string, never> | object, signal: AbortSignal): Promise<Listed> {
  const [page, held] = await Promise.all([
    get<Page<User>>('/api/users', { ...query }, signal),
    get<Page<User>>('/api/users', { locked: true, limit: 100 }, signal),
  ]);
  // an answer without addresses is one for people who are no admins
  if (page.items.some(({ email }) => (email as string | undefined) === undefined)) suspectDemotion();
  return { page, locked: new Set(held.items.map(({ id }) => id)) };
}
