import type { en } from './en.js';

/** Every sentence that a mail may need. A language that lacks one doesn't compile. */
export type Catalogue = Record<keyof typeof en, string>;
export type SentenceKey = keyof Catalogue;

type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The values that a sentence has places for. */
export type SentenceValues<Key extends SentenceKey> = Record<Names<(typeof en)[Key]>, string>;

/** The names of the places in a sentence, sorted. */
export const placeholdersOf = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();
