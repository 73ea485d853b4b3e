/** Parses arguments of commands, and shows examples of them. */
import { InvalidArgumentError } from 'commander';

const MOST_USERS = 1_000_000;

/** The section of examples in a command's help. */
export const examples = (...lines: string[]) => ['\nExamples:', ...lines.map((line) => `  $ ${line}`)].join('\n');

/** Parser of an argument that is one of these words. */
export function oneOf<T extends string>(...values: T[]): (text: string) => T {
  return (text) => {
    const value = values.find((one) => one === text);
    if (value === undefined) throw new InvalidArgumentError(`It must be ${values.join(' or ')}.`);
    return value;
  };
}

/** Parser of a whole number from 1 on. */
export function wholeNumber(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= MOST_USERS) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_USERS}.`);
}
