/** The languages of mails: those of this folder, overridden and extended by MAIL_TEMPLATES_DIR. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SettingsError } from '../../config/environment.js';
import { type Catalogue, placeholdersOf } from './catalogue.js';
import { de } from './de.js';
import { en } from './en.js';

const BUILT_IN: Record<string, Catalogue> = { en, de };
const KEYS = Object.keys(en) as (keyof Catalogue)[];

/** The catalogues by language, lower-case. */
export type Catalogues = ReadonlyMap<string, Catalogue>;

/**
 * Loads all catalogues. A file `de.json` overrides sentences of German; `fr.json` adds French, and must contain all
 * sentences.
 * @throws SettingsError naming every wrong file, key and placeholder, and a default language without a catalogue
 */
export function loadCatalogues(templatesDir: string | undefined, defaultLocale: string): Catalogues {
  const catalogues = new Map(Object.entries(BUILT_IN));
  const problems = templatesDir ? readOverrides(templatesDir, catalogues) : [];
  if (!languageOf([defaultLocale], catalogues)) {
    problems.push(
      `DEFAULT_LOCALE: there are no mails in "${defaultLocale}", only in ${[...catalogues.keys()].join(', ')}.`,
    );
  }
  if (problems.length) throw new SettingsError(problems);
  return catalogues;
}

/** The first of these language tags with a catalogue; each is shortened from its end until one is found: de-AT, de. */
export function languageOf(
  tags: (string | undefined)[],
  catalogues: Catalogues,
): { tag: string; catalogue: string } | undefined {
  for (const tag of tags) {
    for (let parts = (tag ?? '').toLowerCase().split('-'); parts.length; parts = parts.slice(0, -1)) {
      const catalogue = parts.join('-');
      if (tag && catalogues.has(catalogue)) return { tag, catalogue };
    }
  }
  return undefined;
}

function readOverrides(folder: string, catalogues: Map<string, Catalogue>): string[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  } catch (error) {
    return [`MAIL_TEMPLATES_DIR: ${(error as Error).message}.`];
  }
  return files.flatMap((file) => {
    try {
      return override(file, JSON.parse(readFileSync(path.join(folder, file), 'utf8')), catalogues);
    } catch (error) {
      return [`MAIL_TEMPLATES_DIR, ${file}: ${(error as Error).message}.`];
    }
  });
}

function override(file: string, sentences: unknown, catalogues: Map<string, Catalogue>): string[] {
  const locale = file.slice(0, -'.json'.length).toLowerCase();
  if (!isLanguageTag(locale))
    return [`MAIL_TEMPLATES_DIR, ${file}: its name is not a language tag such as de or pt-BR.`];
  if (typeof sentences !== 'object' || sentences === null || Array.isArray(sentences)) {
    return [`MAIL_TEMPLATES_DIR, ${file}: must be an object of sentences.`];
  }
  const base = catalogues.get(languageOf([locale], catalogues)?.catalogue ?? '');
  const merged: Partial<Catalogue> = { ...base, ...sentences };
  const problems = [
    ...Object.entries(sentences).map(([key, sentence]) => complaint(key, sentence)),
    ...KEYS.filter((key) => merged[key] === undefined).map((key) => `"${key}" is missing`),
  ].filter((text) => text !== undefined);
  if (problems.length === 0) catalogues.set(locale, merged as Catalogue);
  return problems.map((problem) => `MAIL_TEMPLATES_DIR, ${file}: ${problem}.`);
}

function complaint(key: string, sentence: unknown): string | undefined {
  if (!Object.hasOwn(en, key)) return `there is no sentence "${key}"`;
  if (typeof sentence !== 'string' || !sentence.trim()) return `"${key}" must be a text`;
  const allowed = placeholdersOf(en[key as keyof Catalogue]);
  const unknown = placeholdersOf(sentence).filter((name) => !allowed.includes(name));
  return unknown.length ? `"${key}" has no value for {${unknown.join('}, {')}}` : undefined;
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
