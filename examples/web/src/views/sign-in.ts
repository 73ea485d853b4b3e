import { canUsePasskeys, UserHubProblem } from '@userhub/client';
import { thisDevice } from '../device.ts';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { providerButtons } from '../providers.ts';
import { complain } from '../status.ts';
import { secondFactor } from './second-factor.ts';

/** Signing in, by e-mail address or username; by passkey; by whichever providers there are. */
export async function showSignIn(): Promise<HTMLElement[]> {
  const signIn = form({
    label: 'Sign in',
    action: 'Sign in',
    fields: [
      { name: 'username', label: 'E-mail address or username', autocomplete: 'username' },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    ],
    submit: async ({ username, password }) => {
      try {
        await hub.signIn({ username, password, ...thisDevice() });
      } catch (reason) {
        if (!(reason instanceof UserHubProblem) || !reason.mfa) throw reason;
        section.replaceChildren(...(await secondFactor(reason)));
        section.querySelector('input')?.focus();
      }
    },
  });
  const links = h(
    'p',
    { class: 'muted' },
    h('a', { href: '#/reset-password' }, 'Forgot your password?'),
    ' New here? ',
    h('a', { href: '#/sign-up' }, 'Make an account'),
    '.',
  );
  const byPasskey = button('Use a passkey', () => hub.signInWithPasskey(), { report: complain });
  const others = [...(canUsePasskeys() ? [byPasskey] : []), ...(await providerButtons('Sign in with').catch(() => []))];
  const section = h('section', { class: 'card narrow' }, signIn, links, h('div', { class: 'ways' }, ...others));
  return [section];
}
