import type { UserHubProblem } from '@userhub/client';
import { h } from './dom.ts';
import { form } from './form.ts';
import { hub } from './hub.ts';

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
export function askForProof({ stepUp }: UserHubProblem): Promise<boolean> {
  return new Promise((resolve) => {
    const byPassword = stepUp?.methods.includes('password');
    const proof = form<'code' | 'current_password'>({
      label: 'Is it you?',
      action: 'Go on',
      fields: [byPassword ? PASSWORD : FACTOR],
      submit: async ({ code, current_password }) => {
        await hub.stepUp(byPassword ? { current_password } : factorIn(code));
        dialog.close('yes');
      },
    });
    const cancel = h('button', { type: 'button', class: 'quiet', click: () => dialog.close('') }, 'Cancel');
    const dialog = h(
      'dialog',
      { 'aria-labelledby': 'who' },
      h('p', { id: 'who' }, 'Please show once more that it is you.'),
      proof,
      cancel,
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
