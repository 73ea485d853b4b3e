import { type Identity, type User, UserHubProblem } from '@userhub/client';
import { ask } from '../ask.ts';
import { button, h, when } from '../dom.ts';
import { explain, hub } from '../hub.ts';
import { providerLabels, whyNotLinked } from '../providers.ts';
import { say } from '../status.ts';

/** The accounts at providers that open one's own: linking and unlinking them. Null where there are no providers. */
export async function linkedAccounts(me: User, changed: () => Promise<void>): Promise<HTMLElement | null> {
  const [labels, { data }] = await Promise.all([providerLabels(), hub.api.GET('/api/auth/identities')]);
  if (labels.size === 0 && data.items.length === 0) return null;
  const unlinked = [...labels].filter(([name]) => !data.items.some(({ provider }) => provider === name));
  const link = (name: string, label: string) => async () => {
    if (!(await hub.linkWith(name, { in: 'popup' }))) return;
    await changed();
    say(`${label} opens your account from now on.`);
  };
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Linked accounts'),
    data.items.length
      ? h(
          'ul',
          { class: 'tasks', 'aria-label': 'Linked accounts' },
          ...data.items.map((identity) => entry(identity, labels, { me, changed })),
        )
      : h('p', {}, 'Sign in with an account that you have elsewhere, once it is linked.'),
    h(
      'div',
      { class: 'ways' },
      ...unlinked.map(([name, label]) =>
        button(`Link ${label}`, link(name, label), { report: (reason) => say(whyNotLinked(reason)) }),
      ),
    ),
  );
}

interface Frame {
  me: User;
  changed: () => Promise<void>;
}

function entry(identity: Identity, labels: Map<string, string>, { me, changed }: Frame): HTMLElement {
  const { id, provider, email, created_at, last_used_at } = identity;
  const label = labels.get(provider) ?? provider;
  const unlink = async () => {
    if (!(await ask(`Unlink ${label}? You can no longer sign in with it.`, 'Unlink it'))) return;
    await hub.api.DELETE('/api/auth/identities/{id}', { params: { path: { id } } });
    await changed();
    say(`${label} no longer opens your account.`);
  };
  const report = (reason: unknown) => say(whyNotUnlinked(reason, me));
  return h(
    'li',
    {},
    h(
      'span',
      {},
      h('strong', {}, label),
      email && ` ${email}`,
      h('small', {}, ' since ', when(created_at), last_used_at && ', last used ', last_used_at && when(last_used_at)),
    ),
    button('Unlink', unlink, { report, class: 'quiet danger', 'aria-label': `Unlink ${label}` }),
  );
}

function whyNotUnlinked(reason: unknown, { has_password }: User): string {
  if (!(reason instanceof UserHubProblem) || reason.code !== 'last_sign_in_method') return explain(reason);
  const other = has_password ? '' : 'Set a password, add a passkey, or ';
  return `This is the only way into your account. ${other}${other ? 'link' : 'Link'} another provider first.`;
}
