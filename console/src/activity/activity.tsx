import { useEffect, useState } from 'preact/hooks';
import { ExportButton } from '../export.tsx';
import { get, type Query } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Event, Page, User } from '../types.ts';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { nameOf } from '../ui/person.tsx';
import { Button, Choice, Entry, Filters, PageHead } from '../ui/pieces.tsx';
import { href, replace, type Route, withQuery } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { startOf } from '../ui/when.tsx';
import { Events } from './events.tsx';
import { TOPICS } from './sentences.ts';

const LIVE_EVERY = 10_000;
const t = texts.activity;

/** What happened, to everybody, as far as the filters in the address let through. */
export function ActivityPage({ route }: { route: Route }) {
  const [isLive, setLive] = useState(false);
  const query = queryOf(route.query);
  return (
    <>
      <PageHead title={t.title}>
        <label class="choice">
          <input type="checkbox" checked={isLive} onChange={(event) => setLive(event.currentTarget.checked)} /> {t.live}
        </label>
        <ExportButton path="/api/audit-events.csv" query={query} name="activity.csv" />
      </PageHead>
      <EventFilters route={route} />
      <EventList query={query} isLive={isLive} clear={href(route.path)} />
    </>
  );
}

/** What happened to one person. */
export function ActivityTab({ id, route }: { id: string; route: Route }) {
  return (
    <>
      <EventFilters route={route} isForOne />
      <EventList query={{ ...queryOf(route.query), user_id: id }} clear={href(route.path)} />
    </>
  );
}

/** The filters as the API takes them. */
function queryOf(query: URLSearchParams): Query {
  const [from, to] = [query.get('from'), query.get('to')];
  return {
    action: TOPICS[query.get('kind') ?? ''],
    outcome: query.get('outcome') ?? undefined,
    user_id: query.get('user') ?? undefined,
    ip: query.get('ip') ?? undefined,
    since: from ? startOf(from) : undefined,
    until: to ? startOf(to, 1) : undefined,
  };
}

interface EventListProps {
  query: Query;
  isLive?: boolean;
  /** The address of the same list without filters. */
  clear: string;
}

/** Events that a query finds, as many as were asked for so far. */
function EventList({ query, isLive, clear }: EventListProps) {
  const [older, setOlder] = useState<Page<Event>>();
  const first = useLoaded(
    (signal) => {
      setOlder(undefined);
      return get<Page<Event>>('/api/audit-events', { ...query, limit: 30 }, signal);
    },
    [JSON.stringify(query)],
  );
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && void first.reload(), LIVE_EVERY);
    return () => clearInterval(timer);
  }, [isLive, first.reload]);

  return (
    <Shown of={first} lines={10}>
      {(page) => {
        const events = [...page.items, ...(older?.items ?? [])];
        const cursor = older ? older.next_cursor : page.next_cursor;
        const more = async () => {
          const next = await get<Page<Event>>('/api/audit-events', {
            ...query,
            limit: 30,
            cursor: cursor ?? undefined,
          });
          setOlder({ ...next, items: [...(older?.items ?? []), ...next.items] });
        };
        if (!events.length) {
          return (
            <Empty text={t.none}>
              <a href={clear}>{texts.clearFilters}</a>
            </Empty>
          );
        }
        return (
          <>
            <Events events={events} />
            {cursor && (
              <Button kind="more" act={() => attempt(more)}>
                {t.older}
              </Button>
            )}
          </>
        );
      }}
    </Shown>
  );
}

function EventFilters({ route, isForOne }: { route: Route; isForOne?: boolean }) {
  const { query } = route;
  const set = (name: string) => (value: string) => replace(withQuery(route, { [name]: value }));
  const entry = (name: string, label: string, type: 'date' | 'text') => (
    <Entry label={label} type={type} value={query.get(name)} enter={set(name)} />
  );
  return (
    <Filters>
      {!isForOne && <PersonFilter route={route} />}
      <Choice
        label={t.kind}
        value={query.get('kind')}
        options={[['', texts.any], ...Object.keys(TOPICS).map((topic) => [topic, t.topics[topic] ?? topic] as const)]}
        choose={set('kind')}
      />
      <Choice
        label={t.outcome}
        value={query.get('outcome')}
        options={[
          ['', texts.any],
          ['success', t.success],
          ['failure', t.failure],
        ]}
        choose={set('outcome')}
      />
      <details class="sheet" open={['ip', 'from', 'to'].some((name) => query.has(name)) || undefined}>
        <summary>{t.more}</summary>
        <div class="filters">
          {entry('ip', t.ip, 'text')}
          {entry('from', texts.from, 'date')}
          {entry('to', texts.to, 'date')}
        </div>
      </details>
      {[...query.keys()].length > 0 && <a href={href(route.path)}>{texts.clearFilters}</a>}
    </Filters>
  );
}

/** Finds the person whose name, address or id was typed, and keeps their id in the address. */
function PersonFilter({ route }: { route: Route }) {
  const id = route.query.get('user');
  const person = useLoaded(
    async (signal) => (id ? get<User>(`/api/users/${encodeURIComponent(id)}`, {}, signal) : null),
    [id],
  );
  const find = async (q: string) => {
    if (!q) return replace(withQuery(route, { user: undefined }));
    const { items } = await get<Page<User>>('/api/users', { q, limit: 1, deleted: 'include' });
    if (items[0]) replace(withQuery(route, { user: items[0].id }));
    else say(t.nobody(q));
  };
  return (
    <Entry
      label={t.person}
      type="search"
      value={id && person.data ? nameOf(person.data) : ''}
      hint={texts.searchHint}
      enter={(q) => void attempt(() => find(q))}
    />
  );
}
