import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { get, type Query } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Page } from '../types.ts';
import { Empty, type Loaded, useLoaded } from '../ui/loaded.tsx';
import { isNotThere, isProblem } from '../ui/problem.ts';
import { Button, Choice } from '../ui/pieces.tsx';
import { replace, type Route, withQuery } from '../ui/router.ts';
import { attempt } from '../ui/status.tsx';

const LIMIT = 30;

/** A list that is walked by cursor: its pages so far as one, and the way to the next. */
export interface Pages<T> extends Loaded<Page<T>> {
  more: (() => Promise<void>) | undefined;
}

/** Loads a list, the newest first. */
export function usePages<T>(path: string, query: Query): Pages<T> {
  const [older, setOlder] = useState<Page<T>>();
  const first = useLoaded(
    (signal) => {
      setOlder(undefined);
      return get<Page<T>>(path, { ...query, limit: LIMIT }, signal);
    },
    [path, JSON.stringify(query)],
  );
  const cursor = (older ?? first.data)?.next_cursor;
  const more = async () => {
    const next = await get<Page<T>>(path, { ...query, limit: LIMIT, cursor: cursor ?? undefined });
    setOlder({ ...next, items: [...(older?.items ?? []), ...next.items] });
  };
  const data = first.data && { ...first.data, items: [...first.data.items, ...(older?.items ?? [])] };
  return { ...first, data, more: cursor ? more : undefined };
}

/** The way to older entries, where there are any. */
export function OlderButton({ of: { more } }: { of: Pick<Pages<unknown>, 'more'> }) {
  if (!more) return null;
  return (
    <Button kind="more" act={() => attempt(more)}>
      {texts.activity.older}
    </Button>
  );
}

interface NotEnabledProps {
  of: Pick<Loaded<unknown>, 'problem'>;
  /** What is missing, and what switches it on. */
  text: string;
  children: ComponentChildren;
}

/** Says that the server doesn't do this, where it answers that there is no such thing. */
export function NotEnabled({ of: { problem }, text, children }: NotEnabledProps) {
  const isOff = isNotThere(problem) || (isProblem(problem) && (problem.code as string) === 'mail_not_configured');
  return isOff ? <Empty text={text} /> : <>{children}</>;
}

interface StateFilterProps<State extends string> {
  route: Route;
  states: readonly State[];
  words: Record<State, string>;
}

/** Narrows a list to one state; kept in the address. */
export function StateFilter<State extends string>({ route, states, words }: StateFilterProps<State>) {
  return (
    <Choice
      label={texts.users.state}
      value={route.query.get('state')}
      options={[['', texts.any], ...states.map((state) => [state, words[state]] as const)]}
      choose={(state) => replace(withQuery(route, { state }))}
    />
  );
}
