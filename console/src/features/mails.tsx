import { at, get, post } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Mail } from '../types.ts';
import { openDialog } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { Button, Entry, Filters, PageHead } from '../ui/pieces.tsx';
import { replace, type Route, withQuery } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { actColumn, stateColumn, Table, timeColumn } from '../ui/table.tsx';
import { number } from '../ui/when.tsx';
import { NotEnabled, OlderButton, StateFilter, usePages } from './lists.tsx';

const t = texts.mails;
const STATES = ['queued', 'sent', 'failed', 'expired'] as const;

/** What was sent to whom, and what couldn't be. */
export function MailsPage({ route }: { route: Route }) {
  const { query } = route;
  const to = query.get('to') ?? undefined;
  const list = usePages<Mail>('/api/mails', { state: query.get('state') ?? undefined, to });
  const retry = (mail: Mail) =>
    attempt(async () => {
      await post(at`/api/mails/${mail.id}/retry`);
      say(t.retried(mail.to));
      await list.reload();
    });
  return (
    <>
      <PageHead title={t.title}>
        <Button act={() => sendTest().then(list.reload)}>{t.test}</Button>
      </PageHead>
      <Filters>
        <Entry label={t.to} type="search" value={to} enter={(value) => replace(withQuery(route, { to: value }))} />
        <StateFilter route={route} states={STATES} words={t.states} />
      </Filters>
      <NotEnabled of={list} text={t.off}>
        <Shown of={list} lines={8}>
          {({ items }) => (items.length ? <MailTable items={items} retry={retry} /> : <Empty text={t.none} />)}
        </Shown>
        <OlderButton of={list} />
      </NotEnabled>
    </>
  );
}

function MailTable({ items, retry }: { items: Mail[]; retry: (mail: Mail) => unknown }) {
  return (
    <Table
      caption={t.title}
      rows={items}
      idOf={({ id }) => id}
      classOf={({ state }) => (state === 'failed' ? 'failed' : undefined)}
      columns={[
        {
          key: 'person',
          head: t.to,
          isName: true,
          cell: ({ to, user_id }) => (user_id ? <a href={`#/users/${user_id}`}>{to}</a> : to),
        },
        { key: 'kind', head: t.kind, cell: ({ kind }) => kind.replaceAll('_', ' ') },
        stateColumn(t.states, ({ last_error }: Mail) => last_error),
        { key: 'attempts', head: t.attempts, cell: ({ attempts }) => number(attempts) },
        timeColumn('made', t.written, ({ created_at }: Mail) => created_at),
        timeColumn('sent', t.sent, ({ sent_at }: Mail) => sent_at),
        actColumn((mail: Mail) => (
          <span class="acts">
            {mail.state === 'sent' && (
              <Button kind="small" act={() => preview(mail)}>
                {t.preview}
              </Button>
            )}
            {(mail.state === 'failed' || mail.state === 'expired') && (
              <Button kind="small" act={() => retry(mail)}>
                {t.retry}
              </Button>
            )}
          </span>
        )),
      ]}
    />
  );
}

async function sendTest(): Promise<void> {
  await openDialog((close) => (
    <Form
      act={t.test}
      cancel={() => close()}
      submit={async ({ to = '' }) => {
        await post('/api/mails/test', { to });
        say(t.testSent(to));
        close();
      }}
    >
      <h2>{t.test}</h2>
      <Field name="to" label={t.to} type="email" first />
    </Form>
  ));
}

interface Kept {
  id: string;
  subject: string;
  text: string;
}

/** Shows a mail as text, where the server keeps mails: in development. What was really sent isn't kept. */
const preview = (mail: Mail): Promise<unknown> =>
  openDialog((close) => (
    <div>
      <Preview mail={mail} />
      <div class="acts">
        <button type="button" data-first onClick={() => close()}>
          {texts.close}
        </button>
      </div>
    </div>
  ));

function Preview({ mail }: { mail: Mail }) {
  const kept = useLoaded(
    async (signal) => {
      const { items } = await get<{ items: Kept[] }>(
        '/dev/mail.json',
        { to: mail.to, kind: mail.kind, limit: 20 },
        signal,
      );
      return items.find(({ id }) => id === mail.id) ?? items[0];
    },
    [mail.id],
  );
  return (
    <>
      <h2>{kept.data?.subject ?? t.preview}</h2>
      <NotEnabled of={kept} text={t.notKept}>
        <Shown of={kept} lines={5}>
          {(found) => (found ? <pre tabIndex={0}>{found.text}</pre> : <p>{t.notKept}</p>)}
        </Shown>
      </NotEnabled>
    </>
  );
}
