import { post } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Delivery } from '../types.ts';
import { Empty, Shown } from '../ui/loaded.tsx';
import { Button } from '../ui/pieces.tsx';
import type { Route } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { actColumn, stateColumn, Table, timeColumn } from '../ui/table.tsx';
import { number } from '../ui/when.tsx';
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
                stateColumn(t.states, ({ last_error }: Delivery) => last_error),
                { key: 'status', head: t.answer, cell: ({ last_status }) => last_status ?? '–' },
                { key: 'attempts', head: texts.mails.attempts, cell: ({ attempts }) => number(attempts) },
                timeColumn('at', t.when, ({ delivered_at, created_at }: Delivery) => delivered_at ?? created_at),
                actColumn((delivery: Delivery) => (
                  <Button kind="small" act={() => resend(delivery)}>
                    {t.resend}
                  </Button>
                )),
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
