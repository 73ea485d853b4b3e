import type { Catalogue, SentenceKey, SentenceValues } from './locales/catalogue.js';

const RIGHT_TO_LEFT = new Set(['ar', 'dv', 'fa', 'he', 'ps', 'ur', 'yi']);

/** Sentences, dates and numbers in one language. */
export class Translator {
  private readonly formatting: string;

  /**
   * @param language the catalogue
   * @param tag the requested language tag with its region: the format of dates
   */
  constructor(
    private readonly catalogue: Catalogue,
    readonly language: string,
    tag: string = language,
  ) {
    this.formatting = tag === 'en' ? 'en-GB' : tag; // day before month, as in most of the world
  }

  /** `rtl` or `ltr`. */
  get direction(): string {
    return RIGHT_TO_LEFT.has(this.language.split('-')[0] ?? '') ? 'rtl' : 'ltr';
  }

  /** A sentence with its values in place. */
  sentence<Key extends SentenceKey>(key: Key, ...[values]: Arguments<Key>): string {
    const known = (values ?? {}) as Record<string, string>;
    return this.catalogue[key].replace(/\{(\w+)\}/g, (place, name: string) => known[name] ?? place);
  }

  /** A time, to the minute: `26 November 2026 at 20:35 UTC`. */
  moment(at: Date): string {
    return `${new Intl.DateTimeFormat(this.formatting, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(at)} UTC`;
  }

  /** A date: `26 November 2026`, or without its year. */
  day(at: Date, { year = true } = {}): string {
    const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'long', timeZone: 'UTC' };
    return new Intl.DateTimeFormat(this.formatting, year ? { ...options, year: 'numeric' } : options).format(at);
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.formatting).format(value);
  }
}

type Arguments<Key extends SentenceKey> = [keyof SentenceValues<Key>] extends [never] ? [] : [SentenceValues<Key>];
