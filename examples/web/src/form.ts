import { UserHubProblem } from '@userhub/client';
import { h } from './dom.ts';
import { explain } from './hub.ts';

interface Field<Name extends string> {
  name: Name;
  label: string;
  /** As of `input`; `multiline` is a text area, and a `checkbox` has the value `on` or none. */
  type?: 'text' | 'email' | 'password' | 'url' | 'multiline' | 'checkbox';
  value?: string | null | undefined;
  hint?: string;
  optional?: boolean;
  autocomplete?: string;
}

interface FormOptions<Name extends string> {
  fields: Field<Name>[];
  action: string;
  /** What the form is called where no heading says it. */
  label?: string;
  /** Does what the form is for, with what was typed. */
  submit: (values: Record<Name, string>) => Promise<unknown>;
}

/** Failures that concern a field without saying so. */
const FIELD_OF: Record<string, string> = {
  email_taken: 'email',
  username_taken: 'username',
  wrong_password: 'current_password',
  code_invalid: 'code',
  code_expired: 'code',
  invalid_code: 'code',
  wrong_code: 'code',
  code_used: 'code',
};

let forms = 0;

/** A form that shows what the server thinks of it: beside the fields, or else above the button. */
export function form<Name extends string>({ fields, action, label, submit }: FormOptions<Name>): HTMLFormElement {
  const prefix = `form-${++forms}`;
  const inputs = fields.map((field) => labelled(field, `${prefix}-${field.name}`));
  const alert = h('p', { class: 'error', role: 'alert' });
  const send = h('button', { class: 'primary' }, action);
  const element = h('form', { 'aria-label': label }, ...inputs.map(({ row }) => row), alert, send);

  const complain = (reason: unknown) => {
    const left = placeErrors(reason, inputs);
    alert.textContent = left;
    const wrong = inputs.find(({ input }) => input.ariaInvalid === 'true');
    wrong?.input.focus();
  };
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    if (element.ariaBusy === 'true') return;
    element.ariaBusy = 'true';
    alert.textContent = '';
    for (const { input, error } of inputs) {
      input.ariaInvalid = null;
      error.textContent = '';
    }
    const values = Object.fromEntries(inputs.map(({ input }) => [input.name, valueOf(input)])) as Record<Name, string>;
    void submit(values)
      .catch(complain)
      .finally(() => (element.ariaBusy = null));
  });
  return element;
}

const valueOf = (input: HTMLInputElement | HTMLTextAreaElement) =>
  input.type !== 'checkbox' || (input as HTMLInputElement).checked ? input.value : '';

interface Labelled {
  row: HTMLElement;
  input: HTMLInputElement | HTMLTextAreaElement;
  error: HTMLElement;
}

function labelled<Name extends string>(field: Field<Name>, id: string): Labelled {
  const { name, label, type = 'text', value, hint, optional, autocomplete } = field;
  const hintId = hint ? `${id}-hint` : '';
  const attributes = {
    id,
    name,
    autocomplete: autocomplete ?? 'off',
    required: !optional && type !== 'checkbox',
    'aria-describedby': `${hintId} ${id}-error`.trim(),
  };
  const input = type === 'multiline' ? h('textarea', { ...attributes, rows: 3 }) : h('input', { ...attributes, type });
  input.value = type === 'checkbox' ? 'on' : (value ?? '');
  const error = h('p', { class: 'error', id: `${id}-error` });
  if (type === 'checkbox')
    return { row: h('div', { class: 'field' }, h('label', { class: 'check' }, input, label), error), input, error };
  const row = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label, optional && h('span', { class: 'muted' }, ' (optional)')),
    input,
    hint !== undefined && h('p', { class: 'hint', id: hintId }, hint),
    error,
  );
  return { row, input, error };
}

/** Puts what it can beside the fields, and returns the rest. */
function placeErrors(reason: unknown, inputs: Labelled[]): string {
  if (!(reason instanceof UserHubProblem)) return explain(reason);
  const { code, errors, message } = reason;
  const all = errors.length ? errors : [{ pointer: `/${FIELD_OF[code] ?? ''}`, detail: message }];
  const unplaced = all.filter(({ pointer, detail }) => {
    const place = inputs.find(({ input }) => pointer === `/${input.name}`);
    if (!place) return true;
    place.input.ariaInvalid = 'true';
    place.error.textContent = sentence(detail);
    return false;
  });
  return unplaced.length ? explain(reason) : '';
}

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
