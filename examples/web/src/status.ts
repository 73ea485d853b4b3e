import { explain } from './hub.ts';

/** Tells what happened, to eyes and ears. */
export function say(text: string): void {
  const status = document.getElementById('status');
  if (!status) return;
  status.textContent = '';
  // a live region that is emptied and filled in one turn stays silent
  setTimeout(() => (status.textContent = text), 50);
}

/** Tells what went wrong. */
export const complain = (reason: unknown): void => say(explain(reason));
