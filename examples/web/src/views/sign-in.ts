import { form } from '../form.ts';
import { h } from '../dom.ts';
import { hub } from '../hub.ts';

/** Signing in, by e-mail address or username. */
export function showSignIn(): HTMLElement[] {
  const signIn = form({
    label: 'Sign in',
    action: 'Sign in',
    fields: [
      { name: 'username', label: 'E-mail address or username', autocomplete: 'username' },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    ],
    submit: ({ username, password }) => hub.signIn({ username, password }),
  });
  const invitation = h('p', { class: 'muted' }, 'New here? ', h('a', { href: '#/sign-up' }, 'Make an account'), '.');
  return [h('section', { class: 'card narrow' }, signIn, invitation)];
}
