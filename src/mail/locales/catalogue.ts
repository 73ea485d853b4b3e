import type { en } from './en.js';

/** All sentences of mails. A language that lacks one doesn't compile. */
export type Catalogue = Record<keyof typeof en, string>;
export type SentenceKey = keyof Catalogue;

type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The values for the placeholders of a sentence. */
export type SentenceValues<Key extends SentenceKey> = Record<Names<(typeof en)[Key]>, string>;

/** The names of the placeholders in a sentence, sorted. */
export const placeholdersOf = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();
