/** Members that several request bodies about accounts share. */
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Clearable, Length, NotBlank, OneLine, Rule } from '../http/fields.js';
import { httpUrl } from '../http/http-url.js';
import { normalizeEmail } from './emails.js';
import { canonicalLocale, MAX_LOCALE } from './locales.js';

/** An e-mail address, normalised. */
export const Email = () =>
  applyDecorators(
    // an invalid one is left as it is, to be refused below
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (normalizeEmail(value) ?? value) : value,
    ),
    Rule('is_email', 'must be an e-mail address of at most 254 characters', (text) => normalizeEmail(text) === text, {
      format: 'email',
      maxLength: 254,
    }),
  );

const USERNAME = /^[A-Za-z0-9._-]{3,32}$/;

/** A username. */
export const Username = () =>
  Rule('username', 'must have 3 to 32 letters, digits, dots, underscores or hyphens', (text) => USERNAME.test(text), {
    pattern: USERNAME.source,
  });

/** The displayed name; null clears it, and so do spaces, which forms send for an empty field. */
export const DisplayName = () =>
  applyDecorators(
    Clearable(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^ *$/.test(value) ? null : value)),
    Length(0, 100),
    OneLine(),
    NotBlank(),
  );

/** The URL of a picture; null clears it. */
export const PictureUrl = () =>
  applyDecorators(
    Clearable(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (httpUrl(value) ?? value) : value)),
    Rule('is_url', 'must be an http or https address of at most 2,048 characters', (text) => httpUrl(text) === text, {
      format: 'uri',
      maxLength: 2048,
    }),
  );

/** A language tag (BCP 47), kept in its canonical form; null clears it. */
export const Locale = () =>
  applyDecorators(
    Clearable(),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (canonicalLocale(value) ?? value) : value,
    ),
    Rule('locale', 'must be a language tag such as en or de-AT', (text) => canonicalLocale(text) === text, {
      maxLength: MAX_LOCALE,
    }),
  );

/** Why an admin does something to a user: one line for other admins. */
export const Reason = () => applyDecorators(Length(1, 200), NotBlank(), OneLine());
