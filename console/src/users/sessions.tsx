import { at, get, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Event, Page, Session } from '../types.ts';
import { Events } from '../activity/events.tsx';
import { TOPICS } from '../activity/sentences.ts';
import { confirm } from '../ui/dialog.tsx';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { deviceOf } from '../ui/person.tsx';
import { Button } from '../ui/pieces.tsx';
import { actColumn, Table, timeColumn } from '../ui/table.tsx';

const t = texts.sessions;
const DAYS_30 = 30 * 86_400_000;

type Listed = Session & { amr?: string[] };

/** Where somebody is signed in, and what ended the sessions before. */
export function SessionsTab({ id }: { id: string }) {
  const sessions = useLoaded((signal) => get<{ items: Listed[] }>(at`/api/users/${id}/sessions`, {}, signal), [id]);
  const since = new Date(Date.now() - DAYS_30).toISOString();
  const ended = useLoaded(
    (signal) =>
      get<Page<Event>>('/api/audit-events', { user_id: id, action: TOPICS['sessions'], since, limit: 20 }, signal),
    [id],
  );
  const end = (session: Listed) =>
    confirm(
      t.end,
      async () => {
        await remove(at`/api/users/${id}/sessions/${session.id}`);
        await Promise.all([sessions.reload(), ended.reload()]);
      },
      { what: deviceOf(session.user_agent) },
    );
  return (
    <>
      <Shown of={sessions} lines={4}>
        {({ items }) => (items.length ? <SessionTable items={items} end={end} /> : <Empty text={t.none} />)}
      </Shown>
      <h2>{t.ended}</h2>
      <Shown of={ended} lines={3}>
        {({ items }) => (items.length ? <Events events={items} /> : <Empty text={t.noneEnded} />)}
      </Shown>
    </>
  );
}

function SessionTable({ items, end }: { items: Listed[]; end: (session: Listed) => unknown }) {
  return (
    <Table
      caption={t.title}
      rows={items}
      idOf={({ id }) => id}
      columns={[
        {
          key: 'device',
          head: t.device,
          isName: true,
          cell: ({ user_agent, amr }) => (
            <span title={user_agent ?? undefined}>
              {deviceOf(user_agent)} {amr && <small>{t.by(amr.map((way) => t.ways[way] ?? way).join(', '))}</small>}
            </span>
          ),
        },
        { key: 'ip', head: t.address, cell: ({ ip }) => ip ?? '–' },
        timeColumn('began', t.began, ({ created_at }: Listed) => created_at),
        timeColumn('used', t.used, ({ last_used_at }: Listed) => last_used_at),
        timeColumn('expires', t.expires, ({ expires_at }: Listed) => expires_at),
        actColumn((session: Listed) => (
          <Button kind="small danger" act={() => end(session)}>
            {t.end.act}
          </Button>
        )),
      ]}
    />
  );
}
