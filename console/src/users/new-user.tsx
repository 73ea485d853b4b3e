import { useState } from 'preact/hooks';
import { post } from '../hub.ts';
import { texts } from '../texts.ts';
import type { ResetLink, User } from '../types.ts';
import { openDialog, showOnce } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { nameOf } from '../ui/person.tsx';
import { go, href } from '../ui/router.ts';
import { say } from '../ui/status.tsx';
import { dayAndTime } from '../ui/when.tsx';

const t = texts.newUser;
type Made = User & { password_reset?: ResetLink };

/** Makes an account without a password; its owner gets in by a link, shown here once or sent by mail. */
export async function newUser(): Promise<void> {
  const made = await openDialog<Made>((close) => <NewUser close={close} />);
  if (!made) return;
  if (made.password_reset) await showLink(made.password_reset, t.made(nameOf(made)));
  else say(t.mailed(made.email ?? ''));
  go(href(['users', made.id]));
}

function NewUser({ close }: { close: (made?: Made) => void }) {
  const [proposed, setProposed] = useState('');
  return (
    <Form
      act={t.act}
      cancel={() => close()}
      submit={async ({ email, username, display_name, role, deliver }) => {
        const body = { email, username, display_name: display_name || undefined, role, deliver };
        close(await post<Made>('/api/users', body));
      }}
    >
      <h2>{t.title}</h2>
      <Field
        name="email"
        label={t.email}
        type="email"
        autoComplete="off"
        onInput={(email) => setProposed(proposal(email))}
        first
      />
      <Field
        key={proposed}
        name="username"
        label={t.username}
        hint={t.usernameHint}
        value={proposed}
        autoComplete="off"
      />
      <Field name="display_name" label={t.displayName} autoComplete="off" maxLength={100} />
      <Field name="role" label={texts.users.role} value="user" options={Object.entries(texts.roles)} />
      <Field name="deliver" label={t.deliver} value="link" options={Object.entries(t.ways)} />
    </Form>
  );
}

/** A username made of what stands before the @. */
const proposal = (email: string) =>
  (email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .slice(0, 32);

/** Shows a link that is never shown again. */
export const showLink = ({ url, code, expires_at }: ResetLink, title: string): Promise<unknown> =>
  showOnce(
    { title, text: t.once(dayAndTime(expires_at)), label: t.link, value: url },
    <p class="muted">
      {t.code} <code>{code}</code>
    </p>,
  );
