import { at, call, get, post, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Webhook } from '../types.ts';
import { confirm, openDialog, showOnce } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { Back, Badge, Button, PageHead } from '../ui/pieces.tsx';
import { go, href, type Route } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { Table, timeColumn } from '../ui/table.tsx';
import { When } from '../ui/when.tsx';
import { Deliveries } from './deliveries.tsx';
import { NotEnabled } from './lists.tsx';

const t = texts.webhooks;

/** Whom else the server tells of what happens; with an id, one of them and what it was told. */
export function WebhooksPage({ route, id }: { route: Route; id: string | undefined }) {
  return id ? <WebhookPage key={id} id={id} route={route} /> : <WebhookList />;
}

function WebhookList() {
  const list = useLoaded((signal) => get<{ items: Webhook[] }>('/api/webhooks', {}, signal), []);
  const add = async () => {
    const made = await openDialog<Webhook & { secret: string | null }>((close) => <NewWebhook close={close} />);
    if (!made) return;
    if (made.secret) await showSecret(made.secret);
    go(href(['webhooks', made.id]));
  };
  return (
    <>
      <PageHead title={t.title}>
        <Button kind="primary" act={add}>
          {t.add}
        </Button>
      </PageHead>
      <NotEnabled of={list} text={t.off}>
        <Shown of={list} lines={4}>
          {({ items }) =>
            items.length ? (
              <Table
                caption={t.title}
                rows={items}
                idOf={({ id }) => id}
                columns={[
                  {
                    key: 'person',
                    head: t.url,
                    isName: true,
                    cell: ({ id, url, description }) => (
                      <span>
                        <a href={href(['webhooks', id])}>{url}</a> <small>{description}</small>
                      </span>
                    ),
                  },
                  { key: 'events', head: t.events, cell: ({ events }) => events.join(', ') },
                  { key: 'state', head: texts.users.state, cell: (webhook) => <WebhookState of={webhook} /> },
                  timeColumn('good', t.lastSuccess, ({ last_success_at }: Webhook) => last_success_at),
                  timeColumn('bad', t.lastFailure, ({ last_failure_at }: Webhook) => last_failure_at),
                ]}
              />
            ) : (
              <Empty text={t.none} />
            )
          }
        </Shown>
      </NotEnabled>
    </>
  );
}

const WebhookState = ({ of: { is_active, disabled_reason } }: { of: Webhook }) => (
  <>
    <Badge kind={is_active ? 'active' : 'deactivated'} words={is_active ? t.on : t.isOff} />
    {disabled_reason && <small class="error">{disabled_reason}</small>}
  </>
);

function WebhookPage({ id, route }: { id: string; route: Route }) {
  const path = at`/api/webhooks/${id}`;
  const webhook = useLoaded((signal) => get<Webhook>(path, {}, signal), [id]);
  const turn = (is_active: boolean) =>
    attempt(async () => {
      await call('PATCH', path, { body: { is_active } });
      await webhook.reload();
    });
  const rotate = () =>
    confirm(t.rotate, async () => {
      const { secret } = await post<{ secret: string }>(`${path}/rotate-secret`, {});
      void showSecret(secret);
    });
  const drop = (url: string) =>
    confirm(t.delete, () => remove(path).then(() => go('#/webhooks')), { typed: new URL(url).hostname });
  return (
    <>
      <Back to="#/webhooks" words={t.title} />
      {!webhook.data && <h1 class="unseen">{t.title}</h1>}
      <Shown of={webhook} lines={6}>
        {(found) => (
          <>
            <header class="person-head">
              <div>
                <h1 tabIndex={-1}>{found.url}</h1>
                <p class="muted">
                  {[found.description, found.events.join(', ')].filter(Boolean).join(' · ')} · {t.lastSuccess}{' '}
                  <When at={found.last_success_at} /> · {t.lastFailure} <When at={found.last_failure_at} />
                </p>
              </div>
              <WebhookState of={found} />
            </header>
            <div class="actions" role="group" aria-label={texts.actions.label}>
              <Button act={() => turn(!found.is_active)}>{found.is_active ? t.turnOff : t.turnOn}</Button>
              <Button act={() => attempt(() => post(`${path}/test`).then(() => say(t.tested)))}>{t.test}</Button>
              <Button act={rotate}>{t.rotate.act}</Button>
              <Button kind="danger" act={() => drop(found.url)}>
                {t.delete.act}
              </Button>
            </div>
            <Deliveries path={path} route={route} />
          </>
        )}
      </Shown>
    </>
  );
}

function NewWebhook({ close }: { close: (made?: Webhook & { secret: string | null }) => void }) {
  return (
    <Form
      act={t.add}
      cancel={() => close()}
      submit={async ({ url, events = '' }) => {
        const body = { url, events: events.split(/[\s,]+/).filter(Boolean) };
        close(await post('/api/webhooks', body));
      }}
    >
      <h2>{t.add}</h2>
      <Field name="url" label={t.url} type="url" first />
      <Field name="events" label={t.events} value="user.*" hint={t.eventsHint} />
    </Form>
  );
}

/** Shows a secret that is never shown again. */
const showSecret = (value: string): Promise<unknown> =>
  showOnce({ title: t.secretTitle, text: t.secretHint, label: t.secret, value });
