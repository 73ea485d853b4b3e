import { useEffect } from 'preact/hooks';

/** Milliseconds without a key or a pointer, in any tab, after which nobody is thought to be there. */
const LONGEST = 30 * 60_000;
const TICK = 20_000;
const SEEN = 'userhub.console.seen';

/** Calls `leave` when nobody has touched the console for half an hour. */
export function useIdleSignOut(leave: () => void): void {
  useEffect(() => {
    let last = 0;
    const seen = () => {
      if (Date.now() - last < TICK / 4) return;
      last = Date.now();
      localStorage.setItem(SEEN, String(last));
    };
    const look = () => {
      if (Date.now() - Number(localStorage.getItem(SEEN)) > LONGEST) leave();
    };
    seen();
    const timer = setInterval(look, TICK);
    const events = ['pointerdown', 'pointermove', 'keydown', 'scroll'];
    for (const event of events) addEventListener(event, seen, { passive: true });
    return () => {
      clearInterval(timer);
      for (const event of events) removeEventListener(event, seen);
    };
  }, []);
}
