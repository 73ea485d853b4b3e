import type { User } from '@userhub/client';
import { acceptInvitation } from './views/accept-invitation.ts';
import { confirmAddress } from './views/confirm-address.ts';
import { followLink } from './views/follow-link.ts';
import { showPosts } from './views/posts.ts';
import { showProfile } from './views/profile.ts';
import { resetPassword } from './views/reset-password.ts';
import { showSessions } from './views/sessions.ts';
import { showSignIn } from './views/sign-in.ts';
import { showSignUp } from './views/sign-up.ts';
import { showSignedIn } from './views/signed-in.ts';
import { showTasks } from './views/tasks.ts';
import { showUsers } from './views/users.ts';

/** A page: its address, its name, and how to make what is below its heading. */
export interface Page {
  hash: string;
  title: string;
  /** Not in the navigation: mails and other pages lead there. */
  isHidden?: boolean;
  show: () => HTMLElement[] | Promise<HTMLElement[]>;
}

interface Frame {
  /** Shows the page anew. */
  reload: () => Promise<void>;
  /** Shows the page anew, and the person in the header. */
  changed: () => Promise<void>;
}

const GUEST: [Page, ...Page[]] = [
  { hash: '#/sign-in', title: 'Sign in', show: showSignIn },
  { hash: '#/sign-up', title: 'Sign up', show: showSignUp },
  { hash: '#/signed-in', title: 'Signing in', isHidden: true, show: () => showSignedIn() },
];

/** Pages for whoever has a mail of ours. */
const linked = (me: User | undefined, changed: () => Promise<void>): Page[] =>
  [
    { hash: '#/verify-email', title: 'Confirm your address', show: () => confirmAddress('verify', me, changed) },
    {
      hash: '#/confirm-email-change',
      title: 'Confirm your new address',
      show: () => confirmAddress('change', me, changed),
    },
    { hash: '#/reset-password', title: 'Choose a new password', show: resetPassword },
    { hash: '#/revert-email-change', title: 'Take a change back', show: () => followLink('revert') },
    { hash: '#/restore-account', title: 'Keep your account', show: () => followLink('restore') },
    { hash: '#/accept-invitation', title: 'You are invited', show: () => acceptInvitation(me, changed) },
  ].map((page) => ({ ...page, isHidden: true }));

/** The pages for this person, or for somebody who isn't signed in. It is the server that says who may do what. */
export function pagesFor(me: User | undefined, { reload, changed }: Frame): [Page, ...Page[]] {
  if (!me) return [...GUEST, ...linked(me, changed)];
  return [
    { hash: '#/posts', title: 'Posts', show: () => showPosts(me) },
    { hash: '#/tasks', title: 'Tasks', show: () => showTasks(me) },
    { hash: '#/profile', title: 'Profile', show: () => showProfile(me, changed) },
    { hash: '#/sessions', title: 'Sessions', show: () => showSessions(reload) },
    ...(me.role === 'admin' ? [{ hash: '#/users', title: 'Users', show: showUsers }] : []),
    { hash: '#/signed-in', title: 'Linking', isHidden: true, show: () => showSignedIn(me) },
    ...linked(me, changed),
  ];
}
