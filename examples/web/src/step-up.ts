import { canUsePasskeys, type UserHubProblem } from '@userhub/client';
import { button, h } from './dom.ts';
import { form } from './form.ts';
import { explain, hub } from './hub.ts';
import { providerLabels } from './providers.ts';

/** A second factor as people type it: six digits are of an app, all else is a recovery code. */
export function factorIn(typed: string): { code: string } | { recovery_code: string } {
  const code = typed.replace(/\s/g, '');
  return /^\d{6}$/.test(code) ? { code } : { recovery_code: typed };
}

/** The field for it. */
export const FACTOR = {
  name: 'code',
  label: 'Code',
  autocomplete: 'one-time-code',
  hint: 'Six digits from your app, or one of your recovery codes.',
} as const;

const PASSWORD = {
  name: 'current_password',
  label: 'Your password',
  type: 'password',
  autocomplete: 'current-password',
} as const;

/** Asks who is there, before something delicate. Escape means no: what asked for it then fails as it did. */
export async function askForProof({ stepUp }: UserHubProblem): Promise<boolean> {
  const ways = await waysOf(stepUp?.methods ?? [], () => dialog.close('yes'));
  const failure = h('p', { class: 'error', role: 'alert' });
  const cancel = h('button', { type: 'button', class: 'quiet', click: () => dialog.close('') }, 'Cancel');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'who' },
    h('p', { id: 'who' }, 'Please show once more that it is you.'),
    ...ways.map((way) => way((reason) => (failure.textContent = explain(reason)))),
    failure,
    cancel,
  );
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

type Way = (report: (reason: unknown) => void) => HTMLElement;

/** What the server takes of this account, and this browser can do; for who has nothing of it, signing in anew. */
async function waysOf(methods: readonly string[], done: () => void): Promise<Way[]> {
  const byPassword = methods.includes('password');
  const byCode = methods.includes('totp') || methods.includes('recovery_code');
  const typed: Way = () =>
    form<'code' | 'current_password'>({
      label: 'Is it you?',
      action: 'Go on',
      fields: [byPassword ? PASSWORD : FACTOR],
      submit: async ({ code, current_password }) => {
        await hub.stepUp(byPassword ? { current_password } : factorIn(code));
        done();
      },
    });
  const passkey: Way = (report) =>
    button('Use a passkey', () => hub.stepUp({ passkey: true }).then(done), { report, class: byCode ? '' : 'primary' });
  return [
    ...(byPassword || byCode ? [typed] : []),
    ...(methods.includes('passkey') && canUsePasskeys() ? [passkey] : []),
    ...(methods.length === 0 ? await signingInAnew(done) : []),
  ];
}

/** A sign-in by provider is fresh, and proves who is there if it is the same person. */
async function signingInAnew(done: () => void): Promise<Way[]> {
  const idOf = async () => (await hub.api.GET('/api/auth/me')).data.id;
  const before = await idOf();
  const again = async (name: string) => {
    await hub.signInWith(name, { in: 'popup' });
    if ((await idOf()) === before) return done();
    location.reload(); // somebody else is signed in now: nothing is done in their name
  };
  const [labels, { data }] = await Promise.all([providerLabels(), hub.api.GET('/api/auth/identities')]);
  const own = [...labels].filter(([name]) => data.items.some(({ provider }) => provider === name));
  return own.map(
    ([name, label]): Way =>
      (report) =>
        button(`Sign in again with ${label}`, () => again(name), { report }),
  );
}
