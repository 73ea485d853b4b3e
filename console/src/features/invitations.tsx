import { at, post, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Invitation } from '../types.ts';
import { confirm, openDialog } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { Empty, Shown } from '../ui/loaded.tsx';
import { Button, Entry, Filters, PageHead } from '../ui/pieces.tsx';
import { replace, type Route, withQuery } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { actColumn, stateColumn, Table, timeColumn } from '../ui/table.tsx';
import { NotEnabled, OlderButton, StateFilter, usePages } from './lists.tsx';

const t = texts.invitations;
const STATES = ['open', 'accepted', 'expired', 'revoked'] as const;

/** Who was asked to come, and what became of it. */
export function InvitationsPage({ route }: { route: Route }) {
  const state = route.query.get('state') ?? '';
  const q = route.query.get('q') ?? undefined;
  const list = usePages<Invitation>('/api/invitations', { state: state || undefined, q });
  const invite = async () => {
    if (await openDialog<boolean>((close) => <Invite close={close} />)) await list.reload();
  };
  return (
    <>
      <PageHead title={t.title}>
        <Button kind="primary" act={invite}>
          {t.invite}
        </Button>
      </PageHead>
      <Filters>
        <Entry
          label={texts.search}
          type="search"
          value={q}
          hint={t.searchHint}
          enter={(value) => replace(withQuery(route, { q: value }))}
        />
        <StateFilter route={route} states={STATES} words={t.states} />
      </Filters>
      <NotEnabled of={list} text={t.off}>
        <Shown of={list} lines={6}>
          {({ items }) => (items.length ? <Invitations items={items} reload={list.reload} /> : <Empty text={t.none} />)}
        </Shown>
        <OlderButton of={list} />
      </NotEnabled>
    </>
  );
}

function Invitations({ items, reload }: { items: Invitation[]; reload: () => Promise<void> }) {
  const resend = (invitation: Invitation) =>
    attempt(async () => {
      await post(at`/api/invitations/${invitation.id}/resend`);
      say(t.resent(invitation.email));
      await reload();
    });
  const revoke = ({ id, email }: Invitation) =>
    confirm(t.revoke, () => remove(at`/api/invitations/${id}`).then(reload), { what: email });
  return (
    <Table
      caption={t.title}
      rows={items}
      idOf={({ id }) => id}
      columns={[
        {
          key: 'person',
          head: t.email,
          isName: true,
          cell: ({ email, display_name, username }) => (
            <span>
              {email} <small>{[display_name, username && `@${username}`].filter(Boolean).join(' · ')}</small>
            </span>
          ),
        },
        { key: 'role', head: texts.users.role, cell: ({ role }) => texts.roles[role] ?? role },
        stateColumn(t.states, ({ mail }: Invitation) => mail?.last_error && t.mailFailed(mail.last_error)),
        timeColumn('made', t.sent, ({ created_at }: Invitation) => created_at),
        timeColumn('expires', t.expires, ({ accepted_at, expires_at }: Invitation) => accepted_at ?? expires_at),
        actColumn(
          (invitation: Invitation) =>
            (invitation.state === 'open' || invitation.state === 'expired') && (
              <span class="acts">
                <Button kind="small" act={() => resend(invitation)}>
                  {t.resend}
                </Button>
                <Button kind="small danger" act={() => revoke(invitation)}>
                  {t.revoke.act}
                </Button>
              </span>
            ),
        ),
      ]}
    />
  );
}

function Invite({ close }: { close: (done?: boolean) => void }) {
  return (
    <Form
      act={t.act}
      cancel={() => close()}
      submit={async (values) => {
        const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
        await post('/api/invitations', filled);
        say(t.invited(values['email'] ?? ''));
        close(true);
      }}
    >
      <h2>{t.invite}</h2>
      <Field name="email" label={texts.newUser.email} type="email" autoComplete="off" first />
      <Field name="display_name" label={texts.newUser.displayName} autoComplete="off" maxLength={100} />
      <Field name="role" label={texts.users.role} value="user" options={Object.entries(texts.roles)} />
      <Field name="message" label={t.message} maxLength={500} />
    </Form>
  );
}
