import { useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Badge } from './pieces.tsx';

/** What is needed to show somebody. */
export interface Portrait {
  username: string;
  display_name: string | null;
  profile_picture_url?: string | null;
}

/** What others call a person. */
export const nameOf = ({ display_name, username }: Pick<Portrait, 'username' | 'display_name'>): string =>
  display_name ?? username;

/** A person's picture, or the first letter of their name. Decoration: the name stands beside it. */
export function Avatar({ of, isLarge }: { of: Portrait; isLarge?: boolean }) {
  const [isBroken, setBroken] = useState(false);
  const size = isLarge ? 'avatar large' : 'avatar';
  const url = of.profile_picture_url;
  if (!url || isBroken || !/^https?:/i.test(url)) {
    return (
      <span class={size} aria-hidden="true">
        {[...nameOf(of)][0]}
      </span>
    );
  }
  return (
    <img class={size} src={url} alt="" referrerPolicy="no-referrer" loading="lazy" onError={() => setBroken(true)} />
  );
}

/** What can be said of somebody's account in a word. */
export type State = 'active' | 'deactivated' | 'locked' | 'deleted';

/** The word, with a colour that says the same. */
export const StateBadge = ({ state }: { state: State }) => <Badge kind={state} words={texts.states[state]} />;

interface Judged {
  is_active: boolean;
  deleted_at?: string | null;
}

/** The state of an account; `isLocked`: whether somebody is held back from signing in to it. */
export function stateOf({ is_active, deleted_at }: Judged, isLocked = false): State {
  if (deleted_at) return 'deleted';
  if (!is_active) return 'deactivated';
  return isLocked ? 'locked' : 'active';
}

const BROWSER = /Edg|OPR|Firefox|Chrome|Safari|curl|node|python/i;
const SYSTEM = /iPhone|iPad|Android|Windows|Mac OS X|Linux/;
/** What some of them call themselves. */
const PROPER: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', node: 'Node.js', 'Mac OS X': 'macOS' };

/** `Firefox on Windows`, as far as a user agent tells; an unknown one as it is, cut short. */
export function deviceOf(userAgent: string | null): string {
  if (!userAgent) return texts.unknownDevice;
  // what tells least is named by all of them, and comes last
  const name = (pattern: RegExp, text: string) => {
    const [found] = pattern.exec(text) ?? [];
    return found && (PROPER[found] ?? found);
  };
  const browser = name(/Edg|OPR/, userAgent) ?? name(BROWSER, userAgent);
  const system = name(/Android/, userAgent) ?? name(SYSTEM, userAgent);
  return browser && system ? texts.on(browser, system) : (browser ?? system ?? userAgent.slice(0, 40));
}

/** Text to select and copy. */
export function Copy({ text, label = texts.copy }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <button
      type="button"
      class="small"
      onClick={() =>
        void navigator.clipboard?.writeText(text).then(
          () => setCopied(true),
          () => undefined,
        )
      }
    >
      {isCopied ? texts.copied : label}
    </button>
  );
}
