import { at, call } from '../hub.ts';
import { texts } from '../texts.ts';
import type { User } from '../types.ts';
import { openDialog } from '../ui/dialog.tsx';
import { Field, Form } from '../ui/form.tsx';
import { Facts } from '../ui/pieces.tsx';
import { isProblem } from '../ui/problem.ts';
import { say } from '../ui/status.tsx';
import { When } from '../ui/when.tsx';
import { Linked } from './linked.tsx';
import type { Account } from './user.tsx';

const t = texts.profile;
const FIELDS = ['display_name', 'username', 'email', 'profile_picture_url', 'role'] as const;
type Changes = Partial<Record<(typeof FIELDS)[number], string | null>>;

/** Changes an account, but never over what somebody else has changed meanwhile. */
export function Profile({ account: { user, etag }, reload }: { account: Account; reload: () => Promise<void> }) {
  const path = at`/api/users/${user.id}`;
  const save = async (changes: Changes, ifMatch: string): Promise<void> => {
    try {
      await call('PATCH', path, { body: changes, ifMatch });
      say(t.saved);
      await reload();
    } catch (problem) {
      if (!isProblem(problem) || problem.status !== 412) throw problem;
      const now = await call<User>('GET', path);
      const keepsMine = await compare(changes, now.data);
      if (keepsMine) await save(changes, now.etag);
      else if (keepsMine === false) await reload();
    }
  };
  const submit = async (values: Record<string, string>) => {
    const changes = changesOf(user, values);
    if (Object.keys(changes).length) await save(changes, etag);
  };
  return (
    <div class="wide-and-narrow">
      <section class="card">
        {user.deleted_at ? (
          <p class="muted">{t.deleted}</p>
        ) : (
          <Form act={t.save} submit={submit}>
            <Field
              name="display_name"
              label={t.fields.display_name}
              value={user.display_name ?? ''}
              maxLength={100}
              autoComplete="off"
            />
            <Field name="username" label={t.fields.username} value={user.username} autoComplete="off" />
            <Field name="email" label={t.fields.email} value={user.email ?? ''} type="email" autoComplete="off" />
            <Field
              name="profile_picture_url"
              label={t.fields.profile_picture_url}
              value={user.profile_picture_url ?? ''}
              type="url"
            />
            <Field name="role" label={t.fields.role} value={user.role} options={Object.entries(texts.roles)} />
          </Form>
        )}
      </section>
      <div>
        <About user={user} />
        <Linked path={path} />
      </div>
    </div>
  );
}

/** What can't be typed over. */
function About({ user }: { user: User }) {
  const yesNo = (is: boolean | undefined) => (is === undefined ? undefined : is ? texts.yes : texts.no);
  return (
    <section class="card">
      <h2>{t.about}</h2>
      <code class="muted">{user.id}</code>
      <Facts
        facts={[
          [t.facts.joined, <When at={user.created_at} />],
          [t.facts.lastSignIn, <When at={user.last_login_at} />],
          [t.facts.changed, <When at={user.updated_at} />],
          [t.facts.verified, yesNo(user.email_verified)],
          [t.facts.pending, user.pending_email],
          [t.facts.factor, yesNo(user.mfa_enabled)],
          [t.facts.password, yesNo(user.has_password)],
        ]}
      />
    </section>
  );
}

/** Only what differs: what is empty and may be is cleared. */
function changesOf(user: User, values: Record<string, string>): Changes {
  const changed = FIELDS.filter((field) => (values[field] ?? '') !== (user[field] ?? ''));
  const isClearable = (field: string) => field === 'display_name' || field === 'profile_picture_url';
  return Object.fromEntries(changed.map((field) => [field, values[field] || (isClearable(field) ? null : '')]));
}

/** Shows what one has typed beside what stands there now. Resolves to whether to keep one's own; undefined: neither. */
function compare(mine: Changes, theirs: User): Promise<boolean | undefined> {
  const fields = FIELDS.filter((field) => mine[field] !== undefined);
  return openDialog<boolean>((close) => (
    <div>
      <h2>{t.conflict}</h2>
      <p>{t.conflictHint}</p>
      <table class="compare">
        <thead>
          <tr>
            <td />
            <th scope="col">{t.mine}</th>
            <th scope="col">{t.theirs}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{t.fields[field]}</th>
              <td>{mine[field] ?? '–'}</td>
              <td>{theirs[field] ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="acts">
        <button type="button" data-first onClick={() => close(false)}>
          {t.takeTheirs}
        </button>
        <button type="button" class="primary" onClick={() => close(true)}>
          {t.keepMine}
        </button>
      </div>
    </div>
  ));
}
