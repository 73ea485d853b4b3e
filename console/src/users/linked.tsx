import { at, get, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import { confirm } from '../ui/dialog.tsx';
import { Shown, useLoaded } from '../ui/loaded.tsx';
import { Button, Facts } from '../ui/pieces.tsx';

const t = texts.profile;

interface Identity {
  id: string;
  provider: string;
  email: string | null;
}

/** The accounts at providers that open somebody's account. */
export function Linked({ path }: { path: string }) {
  const linked = useLoaded((signal) => get<{ items: Identity[] }>(`${path}/identities`, {}, signal), [path]);
  const unlink = ({ id, provider }: Identity) =>
    confirm(t.unlink, () => remove(`${path}${at`/identities/${id}`}`).then(linked.reload), { what: provider });
  return (
    <Shown of={linked} lines={1}>
      {({ items }) =>
        items.length > 0 && (
          <section class="card">
            <h2>{t.linked}</h2>
            <Facts
              facts={items.map((identity) => [
                identity.provider,
                <>
                  {identity.email}{' '}
                  <Button kind="small danger" act={() => unlink(identity)}>
                    {t.unlink.act}
                  </Button>
                </>,
              ])}
            />
          </section>
        )
      }
    </Shown>
  );
}
