import { button, h, when } from '../dom.ts';
import { hub } from '../hub.ts';
import { linkToken } from '../link.ts';
import { complain, say } from '../status.ts';

const LINKS = {
  revert: {
    path: '/api/auth/email-change/revert',
    question: 'The account gets this address back, its password no longer opens anything, and all its sessions end:',
    action: 'Take it back',
    done: 'The address is back. A mail for a new password is on its way.',
  },
  restore: {
    path: '/api/auth/restore-account',
    question: 'The account with this address is kept after all:',
    action: 'Keep my account',
    done: 'Your account is back. Please sign in.',
  },
} as const;

/** A link that asks for no more than one press. */
export async function followLink(purpose: keyof typeof LINKS): Promise<HTMLElement[]> {
  const { path, question, action, done } = LINKS[purpose];
  const token = linkToken();
  if (!token) return [h('section', { class: 'card narrow' }, h('p', {}, 'Please open the link in the mail again.'))];
  const { email, expires_at } = await hub.previewLink(token);
  const follow = async () => {
    await hub.api.POST(path, { body: { token } });
    location.hash = '#/sign-in';
    setTimeout(() => say(done), 100);
  };
  return [
    h(
      'section',
      { class: 'card narrow' },
      h('p', {}, question),
      h('p', { class: 'name' }, email),
      h('p', { class: 'muted' }, 'The link works until ', when(expires_at), '.'),
      button(action, follow, { report: complain, class: 'primary' }),
    ),
  ];
}
