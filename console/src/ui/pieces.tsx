import type { ComponentChild, ComponentChildren } from 'preact';
import { texts } from '../texts.ts';

/** The heading of a page, and what can be done on all of it. */
export function PageHead({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="head-row">
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </div>
  );
}

/** The way to the page above this one. */
export const Back = ({ to, words, onClick }: { to: string; words: string; onClick?: (event: MouseEvent) => void }) => (
  <a class="back" href={to} onClick={onClick}>
    ← {words}
  </a>
);

/** A name and what stands for it; one without a value is left out. */
export type Fact = readonly [name: string, value: ComponentChild];

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== undefined &&
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** Filters beside each other. */
export const Filters = ({ children }: { children: ComponentChildren }) => (
  <div class="filters" role="group" aria-label={texts.filters}>
    {children}
  </div>
);

interface ChoiceProps {
  label: string;
  value: string | null;
  options: readonly (readonly [value: string, words: string])[];
  choose: (value: string) => void;
}

/** One of a few. */
export function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <label>
      {label}
      <select onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {options.map(([key, words]) => (
          <option key={key} value={key} selected={key === (value ?? '')}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

interface EntryProps {
  label: string;
  value: string | null | undefined;
  type?: 'search' | 'date' | 'text';
  hint?: string;
  enter: (value: string) => void;
}

/** Something typed into a filter; it counts when it is left, or by Enter. */
export function Entry({ label, value, type = 'text', hint, enter }: EntryProps) {
  return (
    <label class={type === 'search' ? 'search' : undefined}>
      {label}
      <input
        key={value}
        type={type as 'text'}
        defaultValue={value ?? ''}
        placeholder={hint}
        onChange={({ currentTarget }) => enter(currentTarget.value.trim())}
      />
    </label>
  );
}

/** A word with a colour that says the same. */
export const Badge = ({ kind, words }: { kind: string; words: string }) => <span class={`badge ${kind}`}>{words}</span>;

interface ButtonProps {
  /** `primary`, `danger`, `small` or more of them. */
  kind?: string;
  act: () => unknown;
  children: ComponentChildren;
}

export const Button = ({ kind, act, children }: ButtonProps) => (
  <button type="button" class={kind} onClick={() => void act()}>
    {children}
  </button>
);
