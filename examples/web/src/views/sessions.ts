import type { Session } from '@userhub/client';
import { button, h, when } from '../dom.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

/** Where one is signed in, and how to end that. */
export async function showSessions(reload: () => Promise<void>): Promise<HTMLElement[]> {
  const { data } = await hub.api.GET('/api/auth/sessions');
  const endOthers = async () => {
    await hub.api.DELETE('/api/auth/sessions');
    await reload();
    say('All your other sessions have ended.');
  };
  return [
    h('ul', { class: 'sessions', 'aria-label': 'Sessions' }, ...data.items.map((session) => entry(session, reload))),
    data.items.length > 1
      ? h('div', {}, button('End all other sessions', endOthers, { report: complain, class: 'danger' }))
      : h('p', { class: 'muted' }, 'You are signed in nowhere else.'),
  ];
}

function entry(session: Session, reload: () => Promise<void>): HTMLLIElement {
  const device = deviceOf(session.user_agent);
  const end = async () => {
    await hub.api.DELETE('/api/auth/sessions/{id}', { params: { path: { id: session.id } } });
    await reload();
    say(`The session of ${device} has ended.`);
  };
  return h(
    'li',
    { class: 'card' },
    h(
      'div',
      {},
      h('p', { class: 'name' }, device, session.current && h('span', { class: 'badge' }, 'this one')),
      h('p', { class: 'muted' }, `${session.ip ?? 'unknown address'} · last used `, when(session.last_used_at)),
    ),
    !session.current &&
      button('End', end, { report: complain, class: 'danger', 'aria-label': `End session: ${device}` }),
  );
}

const BROWSERS = [/Edg\//, /OPR\//, /Firefox\//, /Chrome\//, /Safari\//] as const;
const BROWSER_NAMES = ['Edge', 'Opera', 'Firefox', 'Chrome', 'Safari'];
const SYSTEMS = [/Windows/, /iPhone|iPad/, /Android/, /Mac OS X/, /Linux/] as const;
const SYSTEM_NAMES = ['Windows', 'iOS', 'Android', 'macOS', 'Linux'];

/** User agents claim to be everything: the first that fits, from the rarest claim to the commonest. */
function deviceOf(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device';
  const browser = BROWSER_NAMES[BROWSERS.findIndex((pattern) => pattern.test(userAgent))];
  const system = SYSTEM_NAMES[SYSTEMS.findIndex((pattern) => pattern.test(userAgent))];
  return browser && system ? `${browser} on ${system}` : userAgent.slice(0, 60);
}
