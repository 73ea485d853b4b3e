import type { User } from '@userhub/client';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { linkToken } from '../link.ts';
import { complain, say } from '../status.ts';

/** Making the account that somebody is invited to; or taking the role, where the address has one already. */
export async function acceptInvitation(me: User | undefined, changed: () => Promise<void>): Promise<HTMLElement[]> {
  const token = linkToken();
  if (!token) return [h('section', { class: 'card narrow' }, h('p', {}, 'Please open the link in the mail again.'))];
  const { email, role, invited_by, display_name } = await hub.previewLink(token);
  const intro = h('p', {}, `${invited_by ?? 'Somebody'} invites `, h('strong', {}, email), ` as ${role ?? 'user'}.`);
  if (me) return [h('section', { class: 'card narrow' }, intro, take(token, changed))];
  const accept = form({
    label: 'Accept',
    action: 'Accept',
    fields: [
      { name: 'username', label: 'Username', autocomplete: 'username', hint: '3 to 32 letters, digits, dots, _ or -' },
      { name: 'display_name', label: 'Display name', autocomplete: 'name', value: display_name, optional: true },
      {
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'new-password',
        hint: 'At least 8 characters.',
      },
    ],
    submit: async ({ username, display_name, password }) => {
      await hub.acceptInvitation({ token, username, password, display_name: display_name || null });
      location.hash = '#/posts';
    },
  });
  return [h('section', { class: 'card narrow' }, intro, accept)];
}

function take(token: string, changed: () => Promise<void>): HTMLElement {
  const accept = async () => {
    await hub.acceptInvitation({ token });
    location.hash = '#/posts';
    await changed();
    say('The invitation is accepted.');
  };
  return button('Accept with this account', accept, { report: complain, class: 'primary' });
}
