import { form } from '../form.ts';
import { h } from '../dom.ts';
import { hub } from '../hub.ts';
import { providerButtons } from '../providers.ts';

/** Making an account, and signing in to it; or coming with one that people have elsewhere. */
export async function showSignUp(): Promise<HTMLElement[]> {
  const signUp = form({
    label: 'Sign up',
    action: 'Sign up',
    fields: [
      { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' },
      { name: 'username', label: 'Username', autocomplete: 'username', hint: '3 to 32 letters, digits, dots, _ or -' },
      { name: 'display_name', label: 'Display name', autocomplete: 'name', optional: true },
      {
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'new-password',
        hint: 'At least 8 characters. A few words make a good one.',
      },
    ],
    submit: ({ display_name, ...account }) => hub.signUp({ ...account, display_name: display_name || null }),
  });
  const other = h('p', { class: 'muted' }, 'Have an account? ', h('a', { href: '#/sign-in' }, 'Sign in'), '.');
  const ways = h('div', { class: 'ways' }, ...(await providerButtons('Sign up with').catch(() => [])));
  return [h('section', { class: 'card narrow' }, signUp, other, ways)];
}
