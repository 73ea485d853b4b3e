import { useEffect } from 'preact/hooks';
import { ActivityTab } from '../activity/activity.tsx';
import { at, call, get } from '../hub.ts';
import { PostsTab } from '../features/posts.tsx';
import { texts } from '../texts.ts';
import type { Event, Page, User } from '../types.ts';
import { Shown, useLoaded } from '../ui/loaded.tsx';
import { Avatar, Copy, nameOf, StateBadge, stateOf } from '../ui/person.tsx';
import { Back, Badge } from '../ui/pieces.tsx';
import { isNotThere } from '../ui/problem.ts';
import { arrive, href, type Route } from '../ui/router.ts';
import { When } from '../ui/when.tsx';
import { Actions } from './actions.tsx';
import { Banner } from './banner.tsx';
import { Profile } from './profile.tsx';
import { SessionsTab } from './sessions.tsx';
import { remember } from './users.tsx';

/** Somebody's account, the version of it that is shown, and what explains its state. */
export interface Account {
  user: User;
  etag: string;
  held: { attempts: number; until: string | null };
  /** Who deactivated or deleted it, when and why. */
  reason: Event | undefined;
}

const TABS = ['sessions', 'activity', 'posts'] as const;

/** One person: who they are, what state the account is in, and what can be done about it. */
export function UserPage({ id, tab, me, route }: { id: string; tab: string | undefined; me: User; route: Route }) {
  const account = useLoaded((signal) => load(id, signal), [id]);
  useEffect(() => remember(id), [id]);
  useEffect(() => {
    if (account.data) arrive();
  }, [account.data === undefined]);
  return (
    <>
      <Back to="#/users" words={texts.users.title} onClick={goBack} />
      {!account.data && <h1 class="unseen">{texts.users.person}</h1>}
      <Shown of={account} lines={10}>
        {(found) => (
          <>
            <Head account={found} />
            <Banner account={found} />
            <Actions account={found} me={me} reload={account.reload} />
            <nav class="tabs" aria-label={texts.user.tabs}>
              {[undefined, ...TABS].map((name) => (
                <a
                  key={name ?? ''}
                  href={href(['users', id, ...(name ? [name] : [])])}
                  aria-current={name === tab ? 'page' : undefined}
                >
                  {texts.user.tabNames[name ?? 'profile']}
                </a>
              ))}
            </nav>
            <Tab tab={tab} account={found} reload={account.reload} route={route} />
          </>
        )}
      </Shown>
    </>
  );
}

interface TabProps {
  tab: string | undefined;
  account: Account;
  reload: () => Promise<void>;
  route: Route;
}

function Tab({ tab, account, reload, route }: TabProps) {
  const { user } = account;
  if (tab === 'sessions') return <SessionsTab id={user.id} />;
  if (tab === 'activity') return <ActivityTab id={user.id} route={route} />;
  if (tab === 'posts') return <PostsTab id={user.id} />;
  return <Profile key={account.etag} account={account} reload={reload} />;
}

function Head({ account: { user, held } }: { account: Account }) {
  return (
    <header class="person-head">
      <Avatar of={user} isLarge />
      <div>
        <h1 tabIndex={-1}>{nameOf(user)}</h1>
        <p class="muted">
          @{user.username} {user.email && `· ${user.email} `}· {texts.user.joined} <When at={user.created_at} /> ·{' '}
          {texts.user.lastSignIn} <When at={user.last_login_at} />
        </p>
      </div>
      <StateBadge state={stateOf(user, held.until !== null)} />
      {user.role !== 'user' && <Badge kind="accent" words={texts.roles[user.role] ?? user.role} />}
      <Copy text={user.id} label={texts.user.copyId} />
    </header>
  );
}

/** Back to the list as it was, if that is where one came from. */
function goBack(event: MouseEvent): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || history.length < 2 || !cameFromList()) return;
  event.preventDefault();
  history.back();
}

let previous = '';
let current = location.hash;
addEventListener('hashchange', () => {
  previous = current;
  current = location.hash;
});
const cameFromList = () => previous.startsWith('#/users?') || previous === '#/users';

async function load(id: string, signal: AbortSignal): Promise<Account> {
  const [{ data: user, etag }, held] = await Promise.all([
    call<User>('GET', at`/api/users/${id}`, { signal }),
    get<Account['held']>(at`/api/users/${id}/throttle`, {}, signal).catch(noneIfNotThere),
  ]);
  return { user, etag, held, reason: await reasonOf(user, signal) };
}

/** The event that explains why somebody can't sign in. */
async function reasonOf(user: User, signal: AbortSignal): Promise<Event | undefined> {
  if (user.is_active) return undefined;
  const query = { user_id: user.id, action: user.deleted_at ? 'user_deleted' : 'user_deactivated', limit: 1 };
  return (await get<Page<Event>>('/api/audit-events', query, signal)).items[0];
}

function noneIfNotThere(problem: unknown): Account['held'] {
  if (!isNotThere(problem)) throw problem;
  return { attempts: 0, until: null };
}
