import { post } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Delivery } from '../types.ts';
import { Empty, Shown } from '../ui/loaded.tsx';
import { Badge, Button } from '../ui/pieces.tsx';
import type { Route } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { Table } from '../ui/table.tsx';
import { number, When } from '../ui/when.tsx';
import { OlderButton, StateFilter, usePages } from './lists.tsx';

const t = texts.webhooks;
const STATES = ['queued', 'delivered', 'dead'] as const;

/** What a webhook was told, and what came back. */
export function Deliveries({ path, route }: { path: string; route: Route }) {
  const list = usePages<Delivery>(`${path}/deliveries`, { state: route.query.get('state') ?? undefined });
  const resend = ({ id }: Delivery) =>
    attempt(async () => {
      await post(`${path}/deliveries/${encodeURIComponent(id)}/retry`);
      say(t.resent);
      await list.reload();
    });
  return (
    <>
      <div class="head-row">
        <h2>{t.deliveries}</h2>
        <StateFilter route={route} states={STATES} words={t.states} />
        <Button kind="small" act={list.reload}>
          {texts.reload}
        </Button>
      </div>
      <Shown of={list} lines={6}>
        {({ items }) =>
          items.length ? (
            <Table
              caption={t.deliveries}
              rows={items}
              idOf={({ id }) => id}
              classOf={({ state }) => (state === 'dead' ? 'failed' : undefined)}
              columns={[
                { key: 'type', head: t.event, isName: true, cell: ({ type }) => <code>{type}</code> },
                {
                  key: 'state',
                  head: texts.users.state,
                  cell: ({ state, last_error }) => (
                    <>
                      <Badge kind={state} words={t.states[state]} />
                      {last_error && <small class="error">{last_error}</small>}
                    </>
                  ),
                },
                { key: 'status', head: t.answer, cell: ({ last_status }) => last_status ?? '–' },
                {
                  key: 'took',
                  head: t.took,
                  cell: ({ duration_ms }) => (duration_ms === null ? '–' : t.milliseconds(number(duration_ms))),
                },
                { key: 'attempts', head: texts.mails.attempts, cell: ({ attempts }) => number(attempts) },
                {
                  key: 'at',
                  head: t.when,
                  cell: ({ delivered_at, next_attempt_at, created_at, state }) => (
                    <>
                      <When at={delivered_at ?? created_at} />
                      {state === 'queued' && next_attempt_at && (
                        <small>
                          {t.nextTry} <When at={next_attempt_at} />
                        </small>
                      )}
                    </>
                  ),
                },
                {
                  key: 'act',
                  head: texts.action,
                  cell: (delivery) => (
                    <Button kind="small" act={() => resend(delivery)}>
                      {t.resend}
                    </Button>
                  ),
                },
              ]}
            />
          ) : (
            <Empty text={t.noDeliveries} />
          )
        }
      </Shown>
      <OlderButton of={list} />
    </>
  );
}
