import { type ComponentChildren, createContext } from 'preact';
import { useContext, useId, useRef, useState } from 'preact/hooks';
import { explain, isProblem } from './problem.ts';
import { texts } from '../texts.ts';

type Values = Record<string, string>;
const Errors = createContext<Values>({});

interface FormProps {
  /** What the button says. */
  act: string;
  submit: (values: Values) => Promise<unknown>;
  /** What is wrong with the values before they are sent, by name of the field. */
  refuse?: (values: Values) => Values;
  cancel?: () => void;
  isDanger?: boolean;
  /** Whether the first focus is on Cancel: for what destroys. */
  focusCancel?: boolean;
  children: ComponentChildren;
}

/** A form that says what is wrong beside the field, can't be sent twice, and takes the focus to the first mistake. */
export function Form({ act, submit, refuse, cancel, isDanger, focusCancel, children }: FormProps) {
  const [errors, setErrors] = useState<Values>({});
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const fail = (found: Values, words = '') => {
    setErrors(found);
    setFailure(words);
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (isBusy || !form.current) return;
    const values = Object.fromEntries([...new FormData(form.current)].map(([name, value]) => [name, String(value)]));
    const refused = refuse?.(values) ?? {};
    if (Object.keys(refused).length) return fail(refused);
    setBusy(true);
    setFailure('');
    setErrors({});
    try {
      await submit(values);
    } catch (problem) {
      const found = errorsOf(problem, form.current);
      fail(found, Object.keys(found).length ? '' : explain(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form ref={form} noValidate aria-busy={isBusy} onSubmit={(event) => void send(event)}>
      <Errors.Provider value={errors}>{children}</Errors.Provider>
      <p class="error" role="alert">
        {failure}
      </p>
      <div class="acts">
        {cancel && (
          <button type="button" data-first={focusCancel} onClick={cancel}>
            {texts.cancel}
          </button>
        )}
        <button type="submit" class={isDanger ? 'danger-fill' : 'primary'}>
          {act}
        </button>
      </div>
    </form>
  );
}

/** Those of the problem's errors that belong to a field of this form; a problem about one member by its code. */
function errorsOf(problem: unknown, form: HTMLFormElement): Values {
  if (!isProblem(problem)) return {};
  const named: Record<string, string> = { email_taken: 'email', username_taken: 'username' };
  const found = problem.errors.map(({ pointer, detail }) => [pointer?.slice(1) ?? '', sentence(detail)]);
  const field = named[problem.code];
  if (field) found.push([field, problem.message]);
  return Object.fromEntries(found.filter(([name]) => form.elements.namedItem(name ?? ''))) as Values;
}

const sentence = (detail: string) =>
  detail.charAt(0).toUpperCase() + detail.slice(1) + (detail.endsWith('.') ? '' : '.');

interface FieldProps {
  name: string;
  label: string;
  value?: string;
  type?: 'text' | 'email' | 'url' | 'password';
  hint?: string;
  /** Whether it takes the first focus of a dialog. */
  first?: boolean;
  autoComplete?: string;
  maxLength?: number;
  /** What there is to choose from, value and words. */
  options?: readonly (readonly [value: string, words: string])[];
  onInput?: (value: string) => void;
  children?: ComponentChildren;
}

/** A labelled field; with `options` a choice. */
export function Field({
  name,
  label,
  value,
  type = 'text',
  hint,
  first,
  options,
  onInput,
  children,
  ...rest
}: FieldProps) {
  const id = useId();
  const error = useContext(Errors)[name];
  const shared = {
    id,
    name,
    'aria-invalid': error ? 'true' : undefined,
    'aria-describedby': error || hint ? `${id}-about` : undefined,
    'data-first': first,
    onInput: (event: Event) => onInput?.((event.currentTarget as HTMLInputElement).value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options ? (
        <select {...shared} defaultValue={value}>
          {options.map(([key, words]) => (
            <option key={key} value={key} selected={key === value}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <span class="with">
          <input {...shared} {...rest} type={type as 'text'} defaultValue={value} />
          {children}
        </span>
      )}
      {(error || hint) && (
        <small id={`${id}-about`} class={error ? 'error' : 'muted'}>
          {error ?? hint}
        </small>
      )}
    </div>
  );
}
