import { canUsePasskeys, type UserHubProblem } from '@userhub/client';
import { authenticatorSetup } from '../authenticator.ts';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { showRecoveryCodes } from '../recovery-codes.ts';
import { complain } from '../status.ts';
import { FACTOR, factorIn } from '../step-up.ts';

/** How a sign-in goes on that needs a second factor: asking for it, or setting one up. */
export async function secondFactor({ code, mfa }: UserHubProblem): Promise<HTMLElement[]> {
  if (code === 'mfa_enrollment_required') {
    const setup = authenticatorSetup(await hub.enroll(mfa), async (proof) => {
      void showRecoveryCodes(await hub.confirmEnrollment(proof, mfa));
    });
    return [h('p', {}, 'Your account needs a second factor.'), setup];
  }
  const byCode = form({
    label: 'Second factor',
    action: 'Sign in',
    fields: [FACTOR],
    submit: ({ code: typed }) => hub.verifyFactor(factorIn(typed), mfa),
  });
  const byPasskey = button('Use a passkey', () => hub.verifyFactor({ passkey: true }, mfa), { report: complain });
  const hasPasskey = mfa?.methods.includes('passkey') && canUsePasskeys();
  return [h('p', {}, 'One more step: your second factor.'), byCode, ...(hasPasskey ? [byPasskey] : [])];
}
