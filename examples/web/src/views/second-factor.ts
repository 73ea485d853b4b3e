import { canUsePasskeys, type UserHubProblem } from '@userhub/client';
import { authenticatorSetup } from '../authenticator.ts';
import { rememberDevice } from '../device.ts';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { showRecoveryCodes } from '../recovery-codes.ts';
import { complain } from '../status.ts';
import { FACTOR, factorIn } from '../step-up.ts';

const REMEMBER = {
  name: 'remember',
  label: 'Remember this device: next time the password will do here',
  type: 'checkbox',
} as const;

/** How a sign-in goes on that needs a second factor: asking for it, or setting one up. */
export async function secondFactor({ code, mfa }: UserHubProblem): Promise<HTMLElement[]> {
  if (code === 'mfa_enrollment_required') {
    const setup = authenticatorSetup(await hub.enroll(mfa), async (proof) => {
      void showRecoveryCodes(await hub.confirmEnrollment(proof, mfa));
    });
    return [h('p', {}, 'Your account needs a second factor.'), setup];
  }
  const verify = async (factor: Parameters<typeof hub.verifyFactor>[0]) => {
    const { device_token } = await hub.verifyFactor(factor, mfa);
    rememberDevice(device_token);
  };
  const byCode = form({
    label: 'Second factor',
    action: 'Sign in',
    fields: [FACTOR, REMEMBER],
    submit: ({ code: typed, remember }) => verify({ ...factorIn(typed), remember_device: remember === 'on' }),
  });
  const isRemembered = () => byCode.querySelector<HTMLInputElement>('[name=remember]')?.checked ?? false;
  const byPasskey = button('Use a passkey', () => verify({ passkey: true, remember_device: isRemembered() }), {
    report: complain,
  });
  const hasPasskey = mfa?.methods.includes('passkey') && canUsePasskeys();
  return [h('p', {}, 'One more step: your second factor.'), byCode, ...(hasPasskey ? [byPasskey] : [])];
}
