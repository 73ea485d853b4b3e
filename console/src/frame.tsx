import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signOut } from './hub.ts';
import { texts } from './texts.ts';
import type { User } from './types.ts';
import { nameOf } from './ui/person.tsx';
import { arrive, type Route } from './ui/router.ts';
import { complain } from './ui/status.tsx';

export const PLACES = ['overview', 'users', 'activity', 'invitations', 'mails', 'webhooks', 'system'] as const;
/** The pages that the navigation leads to. */
export type Place = (typeof PLACES)[number];

interface FrameProps {
  me: User;
  place: Place;
  route: Route;
  children: ComponentChildren;
}

/** What stands around every page: where one can go, who one is, and the way out. */
export function Frame({ me, place, route, children }: FrameProps) {
  const path = route.path.join('/');
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const narrow = matchMedia('(width < 48rem)');
    const follow = () => {
      if (menu.current) menu.current.open = !narrow.matches;
    };
    follow();
    narrow.addEventListener('change', follow);
    arrive();
    return () => narrow.removeEventListener('change', follow);
  }, [path]);
  return (
    <div class="frame">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector('main')?.focus();
        }}
      >
        {texts.skip}
      </a>
      <header class="side">
        <div>
          <a class="logo" href="#/">
            UserHub
          </a>
          <details ref={menu} open>
            <summary class="icon menu" aria-label={texts.menu} />
            <nav aria-label={texts.mainNavigation}>
              <ul>
                {PLACES.map((name) => (
                  <li key={name}>
                    <a
                      class={`icon ${name}`}
                      href={name === 'overview' ? '#/' : `#/${name}`}
                      title={texts.nav[name]}
                      aria-current={name === place ? 'page' : undefined}
                    >
                      <span>{texts.nav[name]}</span>
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
            <div class="whoami">
              <a href={`#/users/${me.id}`}>{nameOf(me)}</a>
              <button type="button" class="small" onClick={() => void signOut().catch(complain)}>
                {texts.signOut}
              </button>
            </div>
          </details>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
