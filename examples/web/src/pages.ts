import type { User } from '@userhub/client';
import { showPosts } from './views/posts.ts';
import { showProfile } from './views/profile.ts';
import { showSessions } from './views/sessions.ts';
import { showSignIn } from './views/sign-in.ts';
import { showSignUp } from './views/sign-up.ts';
import { showTasks } from './views/tasks.ts';
import { showUsers } from './views/users.ts';

/** A page: its address, its name, and how to make what is below its heading. */
export interface Page {
  hash: string;
  title: string;
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
];

/** The pages for this person, or for somebody who isn't signed in. It is the server that says who may do what. */
export function pagesFor(me: User | undefined, { reload, changed }: Frame): [Page, ...Page[]] {
  if (!me) return GUEST;
  return [
    { hash: '#/posts', title: 'Posts', show: () => showPosts(me) },
    { hash: '#/tasks', title: 'Tasks', show: () => showTasks(me) },
    { hash: '#/profile', title: 'Profile', show: () => showProfile(me, changed) },
    { hash: '#/sessions', title: 'Sessions', show: () => showSessions(reload) },
    ...(me.role === 'admin' ? [{ hash: '#/users', title: 'Users', show: showUsers }] : []),
  ];
}
