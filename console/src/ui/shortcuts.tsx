import { useEffect } from 'preact/hooks';
import { texts } from '../texts.ts';
import { openDialog } from './dialog.tsx';
import { go } from './router.ts';

const SWITCH = 'userhub.console.keys';
/** Milliseconds between the two keys of `g u`. */
const TOGETHER = 1000;
const PLACES: Record<string, string> = { o: '#/', u: '#/users', a: '#/activity', s: '#/system' };

/** Whether single keys do something: they can be switched off (WCAG 2.1.4). */
const areOn = () => localStorage.getItem(SWITCH) !== 'off';

/** Listens to the keys of the whole console. */
export function useShortcuts(): void {
  useEffect(() => {
    let lastG = 0;
    const press = (event: KeyboardEvent) => {
      if (!areOn() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const place = Date.now() - lastG < TOGETHER ? PLACES[event.key] : undefined;
      lastG = event.key === 'g' ? Date.now() : 0;
      if (place) go(place);
      else if (!act(event.key)) return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

/** A field that takes text has the keys; a tick box or a list of choices doesn't. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function act(key: string): boolean {
  if (key === '/') return focus(document.querySelector<HTMLElement>('input[type=search]'));
  if (key === '?') {
    void openDialog((close) => <Keys close={close} />);
    return true;
  }
  if (key === 'j' || key === 'k') return step(key === 'j' ? 1 : -1);
  if (key === 'x') {
    const tick = currentRow()?.querySelector<HTMLInputElement>('td.tick input');
    tick?.click();
    return tick !== undefined && tick !== null;
  }
  return false;
}

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-row]')];
const currentRow = () => document.activeElement?.closest<HTMLElement>('[data-row]');

/** To the row above or below; Enter opens it, as the focus is on its link. */
function step(by: number): boolean {
  const all = rows();
  const now = currentRow();
  const index = now ? all.indexOf(now) + by : 0;
  return focus(all[index]?.querySelector<HTMLElement>('a, button') ?? null);
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  return element !== null;
}

function Keys({ close }: { close: () => void }) {
  return (
    <div class="keys">
      <h2>{texts.keys.title}</h2>
      <dl>
        {texts.keys.list.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="choice">
        <input
          type="checkbox"
          defaultChecked={areOn()}
          onChange={(event) => localStorage.setItem(SWITCH, event.currentTarget.checked ? 'on' : 'off')}
        />
        {texts.keys.on}
      </label>
      <div class="acts">
        <button type="button" data-first onClick={close}>
          {texts.close}
        </button>
      </div>
    </div>
  );
}
