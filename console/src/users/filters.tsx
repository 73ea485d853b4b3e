import { useEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Choice, Entry, Filters as Group } from '../ui/pieces.tsx';
import { href, replace, type Route, withQuery } from '../ui/router.ts';
import { STATES } from './query.ts';

/** Milliseconds after the last letter. */
const PAUSE = 250;
const t = texts.users;

/** What narrows the list: kept in the address, so that it can be sent to somebody, and Back leads to it. */
export function Filters({ route }: { route: Route }) {
  const { query } = route;
  const current = useRef(route);
  current.current = route;
  const set = (name: string, value: string | undefined) =>
    replace(withQuery(current.current, { [name]: value, skip: undefined }));
  const others = ['role', 'from', 'to', 'never', 'seen'].filter((name) => query.has(name)).length;
  const isFiltered = others > 0 || query.has('q') || query.has('state');
  const entry = (name: string, label: string) => (
    <Entry label={label} type="date" value={query.get(name)} enter={(value) => set(name, value)} />
  );
  return (
    <Group>
      <Search value={query.get('q') ?? ''} search={(q) => set('q', q)} />
      <Choice
        label={t.state}
        value={query.get('state')}
        options={STATES.map((state) => [state, t.states[state]])}
        choose={(state) => set('state', state)}
      />
      <details class="sheet" open={others > 0 || undefined}>
        <summary>{others ? t.moreFilters(others) : t.more}</summary>
        <div class="filters">
          <Choice
            label={t.role}
            value={query.get('role')}
            options={[['', texts.any], ...Object.entries(texts.roles)]}
            choose={(role) => set('role', role)}
          />
          {entry('from', t.joinedFrom)}
          {entry('to', t.joinedTo)}
          {entry('seen', t.seenSince)}
          <label class="choice">
            <input
              type="checkbox"
              checked={query.has('never')}
              onChange={(event) => set('never', event.currentTarget.checked ? '1' : undefined)}
            />
            {t.neverSignedIn}
          </label>
        </div>
      </details>
      {isFiltered && <a href={href(route.path)}>{texts.clearFilters}</a>}
    </Group>
  );
}

/** Searches while somebody types; follows the address when that changes by itself. */
function Search({ value, search }: { value: string; search: (q: string) => void }) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    clearTimeout(timer.current);
    setTyped((now) => (now.trim() === value ? now : value));
  }, [value]);
  return (
    <label class="search">
      {texts.search}
      <input
        type="search"
        value={typed}
        maxLength={100}
        placeholder={texts.searchHint}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => search(currentTarget.value.trim()), PAUSE);
        }}
      />
    </label>
  );
}
