import { type UpdateUserRequest, type User, UserHubProblem } from '@userhub/client';
import { avatar, button, h, nameOf, when } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';
import { linkedAccounts } from './linked-accounts.ts';
import { byCode } from './reset-password.ts';
import { securitySections } from './security.ts';

/** One's own account: what others see, how to sign in. */
export async function showProfile(me: User, changed: () => Promise<void>): Promise<HTMLElement[]> {
  const { data, response } = await hub.api.GET('/api/users/{id}', { params: { path: { id: me.id } } });
  const own = data as User;
  return [
    h(
      'section',
      { class: 'card portrait' },
      avatar(own),
      h('div', {}, h('p', { class: 'name' }, nameOf(own)), h('p', { class: 'muted' }, 'Joined ', when(own.created_at))),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Profile'),
      ...unconfirmed(own),
      profileForm(own, response.headers.get('etag'), changed),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Password'),
      ...(own.has_password ? [passwordForm()] : firstPassword(own)),
    ),
    ...[await linkedAccounts(own, changed)].filter((section) => section !== null),
    ...(await securitySections(changed)),
  ];
}

/** What is still to be done about addresses. */
function unconfirmed({ email_verified, pending_email }: User): HTMLElement[] {
  if (pending_email) {
    const way = h('a', { href: '#/confirm-email-change' }, 'Confirm it');
    return [h('p', {}, 'Your new address ', h('strong', {}, pending_email), ' waits for its code. ', way, '.')];
  }
  if (email_verified) return [];
  return [h('p', {}, 'Your address is not confirmed yet. ', h('a', { href: '#/verify-email' }, 'Confirm it'), '.')];
}

/** `If-Match` names the version that the form was filled with: what somebody else changed meanwhile isn't overwritten. */
function profileForm(user: User, etag: string | null, changed: () => Promise<void>): HTMLFormElement {
  const header = { 'If-Match': etag ?? '*' };
  return form({
    label: 'Profile',
    action: 'Save',
    fields: [
      { name: 'display_name', label: 'Display name', value: user.display_name, autocomplete: 'name', optional: true },
      { name: 'username', label: 'Username', value: user.username, autocomplete: 'username' },
      {
        name: 'profile_picture_url',
        label: 'Address of a picture',
        type: 'url',
        value: user.profile_picture_url,
        autocomplete: 'photo',
        optional: true,
      },
      ...(user.has_password ? addressFields(user) : []), // it takes the password to change one
    ],
    submit: async ({ display_name, profile_picture_url, username, email = user.email, current_password }) => {
      const body: UpdateUserRequest = {
        display_name: display_name || null,
        profile_picture_url: profile_picture_url || null,
        username,
        ...(email && email !== user.email && { email, current_password }),
      };
      try {
        await hub.api.PATCH('/api/users/{id}', { params: { path: { id: user.id }, header }, body });
      } catch (reason) {
        if (!(reason instanceof UserHubProblem) || reason.code !== 'precondition_failed') throw reason;
        await changed();
        say('Your profile was changed elsewhere meanwhile. Here is the newer one: change it again.');
        return;
      }
      await changed();
      say('Your profile is saved.');
    },
  });
}

const addressFields = ({ email }: User) =>
  [
    { name: 'email', label: 'E-mail address', type: 'email', value: email, autocomplete: 'email' },
    {
      name: 'current_password',
      label: 'Password',
      type: 'password',
      autocomplete: 'current-password',
      hint: 'Only needed for another e-mail address.',
      optional: true,
    },
  ] as const;

/** Of somebody who has always signed in by a provider or a passkey: a mail lets them set one. */
function firstPassword({ email, email_verified }: User): HTMLElement[] {
  const said = h('p', {}, 'Your account has no password: you sign in without one.');
  // a reset for an address that nobody has confirmed would take the linked accounts along
  if (!email_verified || !email) {
    return [said, h('p', {}, h('a', { href: '#/verify-email' }, 'Confirm your address'), ' to be able to set one.')];
  }
  const set = async () => {
    await hub.requestPasswordReset({ email });
    body.replaceChildren(h('p', {}, `A mail is on its way to ${email}.`), byCode(email));
    body.querySelector('input')?.focus();
  };
  const body = h('div', { class: 'setup' }, said, button('Set a password', set, { report: complain }));
  return [body];
}

function passwordForm(): HTMLFormElement {
  const change = form({
    label: 'Password',
    action: 'Change password',
    fields: [
      { name: 'current_password', label: 'Current password', type: 'password', autocomplete: 'current-password' },
      {
        name: 'new_password',
        label: 'New password',
        type: 'password',
        autocomplete: 'new-password',
        hint: 'All your other sessions will end.',
      },
    ],
    submit: async (body) => {
      await hub.api.PUT('/api/auth/password', { body });
      change.reset();
      say('Your password is changed, and your other sessions have ended.');
    },
  });
  return change;
}
