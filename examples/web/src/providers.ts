import { type ProviderOptions, UserHubProblem } from '@userhub/client';
import { button } from './dom.ts';
import { hub } from './hub.ts';
import { complain, say } from './status.ts';

/** What a provider is called, by its name. */
export async function providerLabels(): Promise<Map<string, string>> {
  const { data } = await hub.api.GET('/api/auth/providers');
  return new Map(data.items.map(({ name, label }) => [name, label]));
}

/** A button for each provider that the server has. @param words such as "Sign in with" */
export async function providerButtons(words: string, options?: ProviderOptions): Promise<HTMLElement[]> {
  return [...(await providerLabels())].map(([name, label]) =>
    button(`${words} ${label}`, () => hub.signInWith(name, options), { report: complain, 'data-provider': name }),
  );
}

/** Of somebody who came from a provider and must sign in their own way first. It says whose it is, and opens nothing. */
let waiting: string | undefined;

/** Notes that what somebody came with is to be linked as soon as they have signed in. */
export const linkLater = (linkToken: string): void => void (waiting = linkToken);

/** Links what waits for the one who has just signed in. */
export async function linkWaiting(): Promise<void> {
  const linkToken = waiting;
  waiting = undefined;
  if (!linkToken) return;
  try {
    const { provider } = await hub.linkIdentity({ linkToken });
    say(`${(await providerLabels()).get(provider) ?? provider} opens your account from now on.`);
  } catch (reason) {
    say(whyNotLinked(reason));
  }
}

/** Why something could not be linked, in words for people. */
export function whyNotLinked(reason: unknown): string {
  if (!(reason instanceof UserHubProblem)) throw reason;
  switch (reason.code) {
    case 'identity_taken':
      return 'That account opens another account here already. Sign in with it and unlink it there first.';
    case 'forbidden':
      return 'That was found to belong to another account here, so it is not linked to yours.';
    case 'invalid_grant':
    case 'sign_in_expired':
      return 'That took too long, or was begun elsewhere. Please link it again.';
    default:
      return reason.message;
  }
}
