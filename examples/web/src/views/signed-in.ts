import { type User, UserHubProblem } from '@userhub/client';
import { h } from '../dom.ts';
import { explain, hub } from '../hub.ts';
import { takeAddress } from '../link.ts';
import { linkLater, providerLabels, whyNotLinked } from '../providers.ts';
import { say } from '../status.ts';
import { secondFactor } from './second-factor.ts';
import { showSignIn } from './sign-in.ts';

/** Where a provider sends people back to: what was begun is finished here, or what stands in its way is told. */
export async function showSignedIn(me?: User): Promise<HTMLElement[]> {
  const address = takeAddress();
  if (!address) return goOn('#/');
  try {
    const linked = await hub.finishSignIn(undefined, address);
    if (!linked) return goOn('#/posts');
    const label = (await providerLabels()).get(linked.provider) ?? linked.provider;
    return goOn('#/profile', `${label} opens your account from now on.`);
  } catch (reason) {
    if (me) return goOn('#/profile', whyNotLinked(reason));
    return whatNow(reason);
  }
}

/** What somebody can do who came back from a provider and isn't signed in. */
async function whatNow(reason: unknown): Promise<HTMLElement[]> {
  if (!(reason instanceof UserHubProblem)) throw reason;
  if (reason.mfa) return [card(...(await secondFactor(reason)))];
  if (reason.code !== 'account_exists') {
    const another = h('p', {}, h('a', { href: '#/sign-in' }, 'Sign in another way'));
    return [card(h('p', { role: 'alert' }, explain(reason)), another)];
  }
  if (!reason.linkToken) {
    const planted = card(
      h('p', { role: 'alert' }, 'There is an account with your e-mail address, but nobody has shown yet that the address is theirs. Somebody else may have made it.'), // prettier-ignore
      h('p', {}, 'It is yours if you can read the mails: choose a new password by one. Whatever anybody has set up in that account is removed then, and you can link your provider to it.'), // prettier-ignore
      h('p', {}, h('a', { href: '#/reset-password' }, 'Send me a mail')),
    );
    return [planted];
  }
  linkLater(reason.linkToken);
  const note = 'You have an account here with this e-mail address. Sign in as you usually do: then the two are linked.';
  return [card(h('p', { role: 'alert' }, note)), ...(await showSignIn())];
}

const card = (...content: HTMLElement[]) => h('section', { class: 'card narrow' }, ...content);

function goOn(hash: string, text?: string): HTMLElement[] {
  location.hash = hash;
  if (text) setTimeout(() => say(text), 100); // the page says something of its own when it changes
  return [];
}
