import { h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { linkToken } from '../link.ts';
import { say } from '../status.ts';

const NEW_PASSWORD = {
  name: 'new_password',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hint: 'At least 8 characters. You will be signed out everywhere.',
} as const;

/** A forgotten password: asking for a mail, and choosing a new one by its link or code. */
export async function resetPassword(): Promise<HTMLElement[]> {
  const token = linkToken();
  if (!token) return [request()];
  const { email } = await hub.previewLink(token);
  const choose = form({
    label: 'Choose a password',
    action: 'Save the password',
    fields: [NEW_PASSWORD],
    submit: ({ new_password }) => save({ token, new_password }),
  });
  return [h('section', { class: 'card narrow' }, h('p', {}, 'For ', h('strong', {}, email), '.'), choose)];
}

function request(): HTMLElement {
  const ask = form({
    label: 'Forgotten password',
    action: 'Send the mail',
    fields: [{ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' }],
    submit: async ({ email }) => {
      await hub.requestPasswordReset({ email });
      section.replaceChildren(h('p', {}, `If ${email} has an account, a mail is on its way.`), byCode(email));
      section.querySelector('input')?.focus();
    },
  });
  const section = h('section', { class: 'card narrow' }, h('p', {}, 'We send you a link and a code.'), ask);
  return section;
}

/** The form for a new password, by the code of the mail. */
export const byCode = (email: string): HTMLFormElement =>
  form({
    label: 'Choose a password',
    action: 'Save the password',
    fields: [
      { name: 'code', label: 'Code from the mail', autocomplete: 'one-time-code', hint: 'Or open its link.' },
      NEW_PASSWORD,
    ],
    submit: ({ code, new_password }) => save({ email, code, new_password }),
  });

async function save(reset: Parameters<typeof hub.resetPassword>[0]): Promise<void> {
  await hub.resetPassword(reset);
  await hub.signOut().catch(() => undefined); // its session is over
  location.hash = '#/sign-in';
  // the page says something of its own when it changes
  setTimeout(() => say('Your new password is saved. Sign in with it.'), 100);
}
