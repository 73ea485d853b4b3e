import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { explain, isProblem } from './problem.ts';
import { texts } from '../texts.ts';

/** Something from the server: what came last, whether more is on its way, and what went wrong. */
export interface Loaded<T> {
  data: T | undefined;
  problem: unknown;
  isBusy: boolean;
  /** Asks again; what is there stays until the answer comes. */
  reload: () => Promise<void>;
  /** Puts something in the place of what came. */
  set: (data: T) => void;
}

/** Loads something now, and again when one of `keys` changes. An answer that is overtaken by a newer one is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, keys: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; problem?: unknown; isBusy: boolean }>({ isBusy: true });
  const current = useRef<AbortController>(undefined);
  const reload = useCallback(async () => {
    current.current?.abort();
    const { signal } = (current.current = new AbortController());
    setState((now) => ({ ...now, isBusy: true }));
    try {
      const data = await load(signal);
      if (!signal.aborted) setState({ data, isBusy: false });
    } catch (problem) {
      if (!signal.aborted) setState((now) => ({ ...now, problem, isBusy: false }));
    }
  }, keys);
  useEffect(() => {
    void reload();
    return () => current.current?.abort();
  }, [reload]);
  return {
    data: state.data,
    problem: state.problem,
    isBusy: state.isBusy,
    reload,
    set: (data) => setState({ data, isBusy: false }),
  };
}

interface ShownProps<T> {
  of: Loaded<T>;
  /** How many grey lines stand for it on the first load. */
  lines?: number;
  children: (data: T) => ComponentChildren;
}

/** Shows what was loaded; grey lines before, and a card with "Try again" where it failed. */
export function Shown<T>({ of: { data, problem, isBusy, reload }, lines = 6, children }: ShownProps<T>) {
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === undefined) return <Skeleton lines={lines} />;
  return (
    <div class="shown" aria-busy={isBusy}>
      {children(data)}
    </div>
  );
}

export function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="card skeleton" aria-busy="true" aria-label={texts.loading} role="img">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

/** What went wrong, in words, with what the log of the server knows it by. */
export function Failure({ problem, retry }: { problem: unknown; retry?: () => unknown }) {
  const requestId = isProblem(problem) ? problem.requestId : undefined;
  return (
    <div class="card failure" role="alert">
      <p>{explain(problem)}</p>
      {requestId && (
        <p class="muted">
          {texts.requestId} <code>{requestId}</code>
        </p>
      )}
      {retry && (
        <button type="button" onClick={() => void retry()}>
          {texts.tryAgain}
        </button>
      )}
    </div>
  );
}

/** A list without entries, with a way out. */
export function Empty({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <div class="card empty">
      <p>{text}</p>
      {children}
    </div>
  );
}
