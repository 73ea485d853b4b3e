import { texts } from '../texts.ts';
import { number } from './when.tsx';

interface PagerProps {
  skip: number;
  limit: number;
  shown: number;
  total: number | null;
  isExact?: boolean;
  go: (skip: number) => void;
  resize: (limit: number) => void;
}

const SIZES = [20, 50, 100];
/** The server doesn't skip further. */
const FURTHEST = 10_000;

/** Which part of a list is shown, and the way to the parts before and after it. */
export function Pager({ skip, limit, shown, total, isExact = true, go, resize }: PagerProps) {
  const all = total === null ? undefined : number(total) + (isExact ? '' : '+');
  const hasNext = shown === limit && skip + limit <= FURTHEST && (total === null || !isExact || skip + limit < total);
  return (
    <nav class="pager" aria-label={texts.pages}>
      <span>{texts.range(number(shown && skip + 1), number(skip + shown), all)}</span>
      <label>
        {texts.perPage}{' '}
        <select onChange={(event) => resize(Number(event.currentTarget.value))}>
          {SIZES.map((size) => (
            <option key={size} value={size} selected={size === limit}>
              {size}
            </option>
          ))}
        </select>
      </label>
      <button type="button" disabled={skip === 0} onClick={() => go(Math.max(0, skip - limit))}>
        {texts.previous}
      </button>
      <button type="button" disabled={!hasNext} onClick={() => go(skip + limit)}>
        {texts.next}
      </button>
    </nav>
  );
}
