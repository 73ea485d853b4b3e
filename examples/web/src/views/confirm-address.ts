import type { User } from '@userhub/client';
import { ask } from '../ask.ts';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { linkToken } from '../link.ts';
import { complain, say } from '../status.ts';

const CODE = { name: 'code', label: 'Code from the mail', autocomplete: 'one-time-code', hint: 'Six digits.' } as const;
const EMAIL = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' } as const;
const PASSWORD = { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' } as const;

/** Confirming an address, the first or a new one: by link or code, signed in or by password. */
export async function confirmAddress(
  purpose: 'verify' | 'change',
  me: User | undefined,
  changed: () => Promise<void>,
): Promise<HTMLElement[]> {
  const token = linkToken();
  const confirm = purpose === 'verify' ? hub.verifyEmail : hub.confirmEmailChange;
  const target = token ? (await hub.previewLink(token)).email : purpose === 'verify' ? me?.email : me?.pending_email;
  if (purpose === 'verify' && me?.email_verified && !token) {
    return [h('section', { class: 'card narrow' }, h('p', {}, 'Your address is confirmed.'))];
  }
  const proof = form<'code' | 'email' | 'password'>({
    label: 'Confirm',
    action: 'Confirm address',
    fields: [...(token ? [] : me ? [CODE] : [EMAIL, CODE]), ...(me ? [] : [PASSWORD])],
    submit: async ({ code, email, password }) => {
      await confirm(token ? { token, ...(!me && { password }) } : me ? { code } : { email, code, password });
      location.hash = me ? '#/profile' : '#/sign-in';
      if (me) await changed();
      say('Your address is confirmed.');
    },
  });
  const intro = target ? h('p', {}, 'The address is ', h('strong', {}, target), '.') : null;
  const others = token && purpose === 'verify' ? [reject(token)] : !token && me ? [sendAgain(purpose)] : [];
  return [h('section', { class: 'card narrow' }, ...(intro ? [intro] : []), proof, ...others)];
}

function sendAgain(purpose: 'verify' | 'change'): HTMLElement {
  const send = async () => {
    if (purpose === 'verify') await hub.api.POST('/api/auth/verify-email/send', { body: {} });
    else await hub.api.POST('/api/auth/email-change/send');
    say('The mail is on its way.');
  };
  return button('Send the mail again', send, { report: complain, class: 'quiet' });
}

/** Asks twice: a program that presses all buttons must not delete a newcomer. */
function reject(token: string): HTMLElement {
  const remove = async () => {
    if (!(await ask('Did somebody else sign up with your address? The account will be deleted.', 'Delete it'))) return;
    await hub.api.POST('/api/auth/verify-email/reject', { body: { token } });
    location.hash = '#/sign-in';
    say('Thank you. The account is gone, unless its address had been confirmed.');
  };
  return button('This wasn’t me', remove, { report: complain, class: 'quiet danger' });
}
