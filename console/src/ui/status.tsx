import { useEffect, useRef, useState } from 'preact/hooks';
import { explain } from './problem.ts';
import { texts } from '../texts.ts';

/** Milliseconds that a message stays; not counted while somebody points at it. */
const STAYS = 10_000;

interface Message {
  id: number;
  text: string;
  isAlert?: boolean;
  undo?: () => Promise<unknown>;
  /** Done when the message goes and nobody has undone it. */
  lapse?: () => Promise<unknown>;
}

let show: (message: Message) => void = () => undefined;
let lastId = 0;

/** Says something at the foot of the page; with a way back where there is one. */
export const say = (text: string, undo?: () => Promise<unknown>) => show({ id: ++lastId, text, undo });

/** Says that something is done, and does it only once nobody can say Undo any more: for what can't be brought back. */
export const sayAndDo = (text: string, work: () => Promise<unknown>, undo: () => Promise<unknown>) =>
  show({ id: ++lastId, text, undo, lapse: () => attempt(work) });

/** Says what went wrong. */
export const complain = (problem: unknown) => show({ id: ++lastId, text: explain(problem), isAlert: true });

/** Does something; what goes wrong is said. Returns whether it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (problem) {
    complain(problem);
    return false;
  }
}

/** The one place where messages appear. */
export function Status() {
  const [message, setMessage] = useState<Message>();
  const [isHeld, setHeld] = useState(false);
  const latest = useRef<Message>(undefined);
  const change = (next: Message | undefined) => {
    const lapse = latest.current?.lapse;
    latest.current = next;
    setMessage(next);
    setHeld(false);
    void lapse?.();
  };
  show = change;
  useEffect(() => {
    const leave = () => change(undefined);
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, []);
  useEffect(() => {
    if (!message || isHeld) return undefined;
    const timer = setTimeout(() => change(undefined), STAYS);
    return () => clearTimeout(timer);
  }, [message, isHeld]);
  const takeBack = (undo: () => Promise<unknown>) => {
    latest.current = undefined; // what would be done as it goes isn't
    void attempt(undo).then((isDone) => isDone && latest.current === undefined && change(undefined));
  };
  const undo = message?.undo;
  return (
    <div
      class={message ? `toast${message.isAlert ? ' bad' : ''}` : 'toast none'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <span role="status">{message?.isAlert ? '' : message?.text}</span>
      <span role="alert">{message?.isAlert ? message.text : ''}</span>
      {undo && (
        <button type="button" onClick={() => takeBack(undo)}>
          {texts.undo}
        </button>
      )}
      {message && (
        <button type="button" aria-label={texts.dismiss} onClick={() => change(undefined)}>
          ×
        </button>
      )}
    </div>
  );
}
