import { canUsePasskeys, type Passkey, UserHubProblem } from '@userhub/client';
import { ask } from '../ask.ts';
import { authenticatorSetup } from '../authenticator.ts';
import { button, h, when } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { showRecoveryCodes } from '../recovery-codes.ts';
import { complain, say } from '../status.ts';

/** The second factor and the passkeys of the one who is signed in; nothing of what the server hasn't turned on. */
export async function securitySections(changed: () => Promise<void>): Promise<HTMLElement[]> {
  const all = await Promise.all([secondFactor(changed), passkeys(changed)].map(ifEnabled));
  return all.filter((section) => section !== null);
}

const ifEnabled = (section: Promise<HTMLElement>): Promise<HTMLElement | null> =>
  section.catch((reason: unknown) => {
    if (reason instanceof UserHubProblem && reason.code === 'not_enabled') return null;
    throw reason;
  });

async function secondFactor(changed: () => Promise<void>): Promise<HTMLElement> {
  const { data: mfa } = await hub.api.GET('/api/auth/mfa');
  const setUp = async () => {
    const { data } = await hub.api.POST('/api/auth/mfa/totp');
    const setup = authenticatorSetup(data, async (proof) => {
      const codes = await hub.confirmTotp(proof);
      if (codes) await showRecoveryCodes(codes);
      await changed();
      say('Your second factor is on.');
    });
    body.replaceChildren(setup);
    body.querySelector('input')?.focus();
  };
  const remove = async () => {
    if (!(await ask('Remove the authenticator app? It no longer protects your account.', 'Remove it'))) return;
    await hub.api.DELETE('/api/auth/mfa/totp');
    await changed();
    say('The authenticator app is removed.');
  };
  const turnOff = async () => {
    if (!(await ask('Turn the second factor off? The password alone opens your account then.', 'Turn it off'))) return;
    await hub.api.PUT('/api/auth/mfa', { body: { enabled: false } });
    await changed();
    say('Your second factor is off.');
  };
  const turnOn = async () => {
    const { data } = await hub.api.PUT('/api/auth/mfa', { body: { enabled: true } });
    if (data?.recovery_codes) await showRecoveryCodes(data.recovery_codes);
    await changed();
    say('Your second factor is on.');
  };
  const forget = async () => {
    await hub.api.DELETE('/api/auth/devices');
    await changed();
    say('All devices are forgotten: each asks for the second factor again.');
  };
  const renew = async () => {
    if (!(await ask('Make new recovery codes? The old ones stop working.', 'Make new ones'))) return;
    const { data } = await hub.api.POST('/api/auth/mfa/recovery-codes');
    await showRecoveryCodes(data.recovery_codes);
    await changed();
  };
  const body = h(
    'div',
    { class: 'setup' },
    mfa.totp
      ? h(
          'p',
          {},
          'An authenticator app, since ',
          when(mfa.totp.created_at),
          `. ${mfa.recovery_codes_left} recovery codes are left.`,
        )
      : h('p', {}, 'A code from an app on your phone, besides the password, keeps others out who have learned that.'),
    h(
      'div',
      { class: 'actions' },
      button(mfa.totp ? 'Set up another app' : 'Set up an app', setUp, { report: complain }),
      mfa.enabled && button('New recovery codes', renew, { report: complain, class: 'quiet' }),
      !mfa.enabled &&
        mfa.passkeys > 0 &&
        button('Ask for a passkey after the password', turnOn, { report: complain, class: 'quiet' }),
      mfa.totp && button('Remove the app', remove, { report: complain, class: 'quiet danger' }),
      mfa.enabled && !mfa.mandatory && button('Turn it off', turnOff, { report: complain, class: 'quiet danger' }),
    ),
    mfa.remembered_devices > 0 &&
      h(
        'p',
        {},
        `${mfa.remembered_devices === 1 ? 'One device is' : `${mfa.remembered_devices} devices are`} remembered and asked for the password alone. `,
        button('Forget all', forget, { report: complain, class: 'quiet' }),
      ),
  );
  return h('section', { class: 'card' }, h('h2', {}, 'Second factor'), body);
}

async function passkeys(changed: () => Promise<void>): Promise<HTMLElement> {
  const { data } = await hub.api.GET('/api/auth/passkeys');
  const add = async () => {
    await hub.addPasskey();
    await changed();
    say('Your passkey is added.');
  };
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Passkeys'),
    data.items.length
      ? h('ul', { class: 'tasks', 'aria-label': 'Passkeys' }, ...data.items.map((passkey) => entry(passkey, changed)))
      : h('p', {}, 'Sign in by fingerprint, face or PIN, without the password.'),
    canUsePasskeys() && button('Add a passkey', add, { report: complain }),
  );
}

function entry(passkey: Passkey, changed: () => Promise<void>): HTMLElement {
  const remove = async () => {
    if (!(await ask(`Remove “${passkey.name}”?`, 'Remove the passkey'))) return;
    await hub.api.DELETE('/api/auth/passkeys/{id}', { params: { path: { id: passkey.id } } });
    await changed();
    say(`“${passkey.name}” is removed.`);
  };
  const rename = () => {
    const naming = form({
      label: `Rename “${passkey.name}”`,
      action: 'Save the name',
      fields: [{ name: 'name', label: 'Name', value: passkey.name }],
      submit: async (body) => {
        await hub.api.PATCH('/api/auth/passkeys/{id}', { params: { path: { id: passkey.id } }, body });
        await changed();
        say(`The passkey is called “${body.name}” now.`);
      },
    });
    row.replaceChildren(naming);
    naming.querySelector('input')?.select();
    return Promise.resolve();
  };
  const row = h(
    'li',
    {},
    h('span', {}, passkey.name, h('small', {}, ' since ', when(passkey.created_at))),
    button('Rename', rename, { report: complain, class: 'quiet', 'aria-label': `Rename “${passkey.name}”` }),
    button('Remove', remove, { report: complain, class: 'quiet danger', 'aria-label': `Remove “${passkey.name}”` }),
  );
  return row;
}
