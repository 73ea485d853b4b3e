import { texts } from '../texts.ts';
import type { User } from '../types.ts';
import { Avatar, nameOf, StateBadge, stateOf } from '../ui/person.tsx';
import { Badge } from '../ui/pieces.tsx';
import { href } from '../ui/router.ts';
import type { Column } from '../ui/table.tsx';
import { When } from '../ui/when.tsx';

const t = texts.users;

/** What the list says of a person. `isLocked` knows who is held back; `resultOf` what came of the last bulk action. */
export function columns(
  isLocked: (id: string) => boolean,
  resultOf: (id: string) => string | undefined,
): Column<User>[] {
  return [
    { key: 'person', head: t.person, isName: true, sort: 'username', cell: (user) => <PersonCell user={user} /> },
    {
      key: 'role',
      head: t.role,
      cell: ({ role }) => (role === 'user' ? null : <Badge kind="accent" words={texts.roles[role] ?? role} />),
    },
    {
      key: 'state',
      head: t.state,
      cell: (user) => (
        <>
          <StateBadge state={stateOf(user, isLocked(user.id))} />
          {resultOf(user.id) && <small class="error">{resultOf(user.id)}</small>}
        </>
      ),
    },
    { key: 'joined', head: t.joined, sort: '-created_at', cell: ({ created_at }) => <When at={created_at} /> },
    {
      key: 'seen',
      head: t.lastSignIn,
      sort: '-last_login_at',
      cell: ({ last_login_at }) => <When at={last_login_at} />,
    },
  ];
}

function PersonCell({ user }: { user: User }) {
  return (
    <span class="person">
      <Avatar of={user} />
      <span>
        <a href={href(['users', user.id])}>{nameOf(user)}</a>
        <small>
          @{user.username}
          {user.email && ` · ${user.email}`}
        </small>
      </span>
    </span>
  );
}
