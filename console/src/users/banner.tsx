import { texts } from '../texts.ts';
import { nameOf } from '../ui/person.tsx';
import { When } from '../ui/when.tsx';
import type { Account } from './user.tsx';

const t = texts.banner;

/** Why somebody can't sign in, in a sentence. */
export function Banner({ account: { user, held, reason } }: { account: Account }) {
  if (user.deleted_at) {
    return (
      <p class="banner bad">
        <b>{t.deleted}</b> <By reason={reason} at={user.deleted_at} /> {t.deletedHint}
      </p>
    );
  }
  if (!user.is_active) {
    return (
      <p class="banner bad">
        <b>{t.deactivated}</b> <By reason={reason} at={reason?.at} />
      </p>
    );
  }
  if (!held.until) return null;
  return (
    <p class="banner warn">
      <b>{t.locked(held.attempts)}</b> {t.again} <When at={held.until} />. {t.lockedHint}
    </p>
  );
}

function By({ reason, at }: { reason: Account['reason']; at: string | undefined }) {
  const why = reason?.details['reason'];
  return (
    <>
      {reason?.actor && (
        <>
          {t.by} <a href={`#/users/${reason.actor.id}`}>{nameOf(reason.actor)}</a>{' '}
        </>
      )}
      {at && <When at={at} />}
      {typeof why === 'string' ? (
        <>
          : <q>{why}</q>
        </>
      ) : (
        '.'
      )}
    </>
  );
}
