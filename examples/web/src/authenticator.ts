import type { TotpSetup } from '@userhub/client';
import { h } from './dom.ts';
import { form } from './form.ts';
import { qrCode } from './qr.ts';

/** What an authenticator app is to scan, and the field for its first code. */
export function authenticatorSetup(
  { secret, otpauth_uri, setup_token }: TotpSetup,
  confirm: (proof: { setup_token: string; code: string }) => Promise<unknown>,
): HTMLElement {
  const proof = form({
    label: 'Authenticator app',
    action: 'Turn it on',
    fields: [{ name: 'code', label: 'Code from the app', autocomplete: 'one-time-code', hint: 'Six digits.' }],
    submit: ({ code }) => confirm({ setup_token, code }),
  });
  return h(
    'div',
    { class: 'setup' },
    h('p', {}, 'Scan this with your authenticator app, or type the key into it.'),
    qrCode(otpauth_uri, 'QR code for your authenticator app'),
    h('p', {}, 'Key: ', h('code', {}, secret)),
    proof,
  );
}
