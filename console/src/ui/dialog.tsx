import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Field, Form } from './form.tsx';
import { Copy } from './person.tsx';
import { say } from './status.tsx';

type Render = (close: () => void) => ComponentChildren;
let push: (render: Render, closed: () => void) => void = () => undefined;
let lastKey = 0;

/** Opens what `render` makes as a modal dialog; resolves when it has closed, by whatever way. */
export function openDialog<T>(render: (close: (result?: T) => void) => ComponentChildren): Promise<T | undefined> {
  return new Promise((resolve) => {
    let result: T | undefined;
    push(
      (close) =>
        render((value) => {
          result = value;
          close();
        }),
      () => resolve(result),
    );
  });
}

/** Where dialogs appear. */
export function Dialogs() {
  const [open, setOpen] = useState<{ key: number; render: Render; closed: () => void }[]>([]);
  push = (render, closed) => setOpen((others) => [...others, { key: ++lastKey, render, closed }]);
  return open.map(({ key, render, closed }) => (
    <Modal
      key={key}
      render={render}
      closed={() => {
        setOpen((all) => all.filter((other) => other.key !== key));
        closed();
      }}
    />
  ));
}

/** The browser's own: it keeps the focus inside, closes by Escape, and gives the focus back. */
function Modal({ render, closed }: { render: Render; closed: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    const heading = element?.querySelector('h2');
    if (heading) heading.id = title;
    element?.querySelector<HTMLElement>('[data-first]')?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={closed}>
      {render(() => dialog.current?.close())}
    </dialog>
  );
}

/** What is asked before something is done, what the button says, and what is said afterwards. */
export interface Words {
  act: string;
  title: (what: string) => string;
  text: string;
  done?: string;
}

interface Question {
  /** Whom or what it is about. */
  what?: string;
  /** What must be typed before it is done. */
  typed?: string;
  /** Whether to ask why. */
  asksReason?: boolean;
  /** What takes it back. */
  undo?: () => Promise<unknown>;
}

/** Asks before something is done, does it, and says so. */
export function confirm(
  { act, title, text, done }: Words,
  work: (reason: string | undefined) => Promise<unknown>,
  { what = '', typed, asksReason, undo }: Question = {},
): Promise<unknown> {
  return openDialog((close) => (
    <Form
      act={act}
      isDanger
      cancel={() => close()}
      focusCancel={!typed}
      submit={async (values) => {
        await work(values['reason'] || undefined);
        if (done) say(done, undo);
        close();
      }}
      refuse={(values): Record<string, string> =>
        typed === undefined || values['typed'] === typed ? {} : { typed: texts.typeToConfirm(typed) }
      }
    >
      <h2>{title(what)}</h2>
      <p>{text}</p>
      {asksReason && <Field name="reason" label={texts.reason} hint={texts.reasonHint} maxLength={200} />}
      {typed !== undefined && <Field name="typed" label={texts.typeToConfirm(typed)} autoComplete="off" first />}
    </Form>
  ));
}

/** Shows something that is never shown again. */
export function showOnce(
  { title, text, label, value }: Record<'title' | 'text' | 'label' | 'value', string>,
  more?: ComponentChildren,
) {
  return openDialog((close) => (
    <div class="once">
      <h2>{title}</h2>
      <p>{text}</p>
      <label>
        {label}
        <input readOnly value={value} onFocus={(event) => event.currentTarget.select()} />
      </label>
      {more}
      <div class="acts">
        <Copy text={value} />
        <button type="button" class="primary" data-first onClick={() => close()}>
          {texts.done}
        </button>
      </div>
    </div>
  ));
}
