import { UserHubProblem } from '@userhub/client';
import { h } from '../dom.ts';
import { explain, hub } from '../hub.ts';
import { cameBackTo } from '../link.ts';
import { keptFlow } from '../providers.ts';
import { secondFactor } from './second-factor.ts';

/** Where a provider sends people back to: the sign-in is finished here, with a second factor if there is one. */
export async function showSignedIn(): Promise<HTMLElement[]> {
  const flow = keptFlow();
  try {
    if (flow) await hub.finishSignIn(flow, cameBackTo());
    return [h('section', { class: 'card narrow' }, back(flow ? 'You are signed in.' : 'Nothing to finish here.'))];
  } catch (reason) {
    const goesOn =
      reason instanceof UserHubProblem && reason.mfa ? await secondFactor(reason) : [back(explain(reason))];
    return [h('section', { class: 'card narrow' }, ...goesOn)];
  }
}

const back = (text: string) => h('p', {}, `${text} `, h('a', { href: '#/sign-in' }, 'Sign in'));
