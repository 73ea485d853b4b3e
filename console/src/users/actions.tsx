import { at, call, post, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import type { ResetLink, User } from '../types.ts';
import { confirm, openDialog } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { nameOf } from '../ui/person.tsx';
import { Button } from '../ui/pieces.tsx';
import { go } from '../ui/router.ts';
import { attempt, say } from '../ui/status.tsx';
import { showLink } from './new-user.tsx';
import type { Account } from './user.tsx';

const t = texts.actions;

interface ActionsProps {
  account: Account;
  me: User;
  reload: () => Promise<void>;
}

type Act = readonly [label: string, act: () => unknown, kind?: string];

/** What can be done about an account as it is now. */
export function Actions(props: ActionsProps) {
  return (
    <div class="actions" role="group" aria-label={t.label}>
      {actsOf(props).map(([label, act, kind]) => (
        <Button key={label} kind={kind} act={act}>
          {label}
        </Button>
      ))}
    </div>
  );
}

function actsOf({ account: { user, held }, me, reload }: ActionsProps): Act[] {
  const path = at`/api/users/${user.id}`;
  const what = nameOf(user);
  const setActive = (is_active: boolean, reason?: string) =>
    call('PATCH', path, { body: { is_active, reason } }).then(reload);
  const restore = () => post(`${path}/restore`).then(reload);
  /** At once, and said. */
  const now = (
    { act, done }: { act: string; done: string },
    work: () => Promise<unknown>,
    kind?: string,
    undo?: () => Promise<unknown>,
  ): Act => [act, () => attempt(() => work().then(() => say(done, undo))), kind];
  const purge = () =>
    confirm(t.purge, () => remove(path, { purge: true }).then(() => go('#/users')), { what, typed: user.username });

  if (user.deleted_at) return [now(t.restore, restore), [t.purge.act, purge, 'danger']];
  const acts: (Act | false)[] = [
    held.attempts > 0 &&
      now(t.unblock, () => remove(`${path}/throttle`).then(reload), held.until ? 'primary' : undefined),
    !user.is_active &&
      now(
        t.activate,
        () => setActive(true),
        'primary',
        () => setActive(false),
      ),
    [t.reset.act, () => resetPassword(user)],
    [t.endAll.act, () => confirm(t.endAll, () => remove(`${path}/sessions`).then(reload), { what })],
    user.mfa_enabled &&
      user.id !== me.id && [
        t.resetFactors.act,
        () => confirm(t.resetFactors, () => remove(`${path}/mfa`).then(reload), { what }),
      ],
    user.is_active && [
      t.deactivate.act,
      () =>
        confirm(t.deactivate, (reason) => setActive(false, reason), {
          what,
          asksReason: true,
          undo: () => setActive(true),
        }),
    ],
    [t.delete.act, () => confirm(t.delete, () => remove(path).then(reload), { what, undo: restore }), 'danger'],
    [t.purge.act, purge, 'danger'],
  ];
  return acts.filter((act) => act !== false);
}

/** By mail, or by a link that is shown once, for those who are on the telephone. */
async function resetPassword(user: User): Promise<void> {
  const link = await openDialog<ResetLink | 'mailed'>((close) => (
    <Form
      act={t.reset.act}
      cancel={() => close()}
      submit={async ({ deliver, end_sessions }) => {
        const body = { deliver, end_sessions: end_sessions === 'on' };
        const { data, status } = await call<ResetLink>('POST', at`/api/users/${user.id}/password-reset`, { body });
        close(status === 201 ? data : 'mailed');
      }}
    >
      <h2>{t.reset.title(nameOf(user))}</h2>
      <p>{t.reset.text}</p>
      <Field
        name="deliver"
        label={texts.newUser.deliver}
        value="link"
        options={Object.entries(texts.newUser.ways)}
        first
      />
      <label class="choice">
        <input type="checkbox" name="end_sessions" /> {t.endToo}
      </label>
    </Form>
  ));
  if (link === 'mailed') say(texts.newUser.mailed(user.email ?? ''));
  else if (link) await showLink(link, t.reset.done(nameOf(user)));
}
