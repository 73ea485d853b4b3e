import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ActivityPage } from './activity/activity.tsx';
import { Frame, type Place } from './frame.tsx';
import { isSignedIn, onSession, signOut, whoAmI } from './hub.ts';
import { InvitationsPage } from './features/invitations.tsx';
import { MailsPage } from './features/mails.tsx';
import { WebhooksPage } from './features/webhooks.tsx';
import { Overview } from './overview.tsx';
import { useIdleSignOut } from './idle.ts';
import { askForFreshSignIn, SignIn } from './sign-in.tsx';
import { SystemPage } from './system.tsx';
import { texts } from './texts.ts';
import type { User } from './types.ts';
import { Dialogs } from './ui/dialog.tsx';
import { Failure, Skeleton } from './ui/loaded.tsx';
import { type Route, useRoute } from './ui/router.ts';
import { useShortcuts } from './ui/shortcuts.tsx';
import { Status } from './ui/status.tsx';
import { UserPage } from './users/user.tsx';
import { UsersPage } from './users/users.tsx';

type Session = 'unknown' | { me: User } | { problem: unknown } | { reason?: string };

function Console() {
  const [session, setSession] = useState<Session>('unknown');
  const enter = async () => {
    if (!(await isSignedIn())) return setSession({});
    try {
      const me = await whoAmI();
      if (me.role === 'admin') return setSession({ me });
      await signOut().catch(() => undefined);
      setSession({ reason: texts.signIn.notAdmin(me.username) });
    } catch (problem) {
      if (await isSignedIn()) setSession({ problem });
    }
  };
  useEffect(() => {
    onSession({
      signedIn: () => void enter(),
      signedOut: (reason) => setSession((now) => (isOut(now) ? now : { reason: reason && texts.signIn.ended })),
      stepUp: askForFreshSignIn,
    });
    void enter();
  }, []);
  return (
    <>
      {session === 'unknown' && <Skeleton lines={8} />}
      {typeof session === 'object' && 'problem' in session && <Failure problem={session.problem} retry={enter} />}
      {isOut(session) && <SignIn reason={session.reason} />}
      {typeof session === 'object' && 'me' in session && (
        <Inside me={session.me} leave={(reason) => setSession({ reason })} ask={enter} />
      )}
      <Status />
      <Dialogs />
    </>
  );
}

const isOut = (session: Session): session is { reason?: string } =>
  typeof session === 'object' && !('me' in session) && !('problem' in session);

interface InsideProps {
  me: User;
  leave: (reason?: string) => void;
  /** Asks anew who is signed in. */
  ask: () => Promise<void>;
}

function Inside({ me, leave, ask }: InsideProps) {
  const route = useRoute();
  useShortcuts();
  useIdleSignOut(() => {
    leave(texts.signIn.idle);
    void signOut().catch(() => undefined);
  });
  useEffect(() => {
    const demoted = () => void ask();
    addEventListener('demoted', demoted);
    return () => removeEventListener('demoted', demoted);
  }, []);
  const { place, page } = pageOf(route, me);
  return (
    <Frame me={me} place={place} route={route}>
      {page}
    </Frame>
  );
}

function pageOf(route: Route, me: User): { place: Place; page: preact.ComponentChild } {
  const [place, id, tab] = route.path;
  switch (place) {
    case 'users':
      return {
        place,
        page: id ? <UserPage key={id} id={id} tab={tab} me={me} route={route} /> : <UsersPage route={route} />,
      };
    case 'activity':
      return { place, page: <ActivityPage route={route} /> };
    case 'invitations':
      return { place, page: <InvitationsPage route={route} /> };
    case 'mails':
      return { place, page: <MailsPage route={route} /> };
    case 'webhooks':
      return { place, page: <WebhooksPage route={route} id={id} /> };
    case 'system':
      return { place, page: <SystemPage /> };
    default:
      return { place: 'overview', page: <Overview route={route} /> };
  }
}

const root = document.getElementById('console');
if (root) render(<Console />, root);
