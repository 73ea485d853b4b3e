/** Property decorators for DTOs. */
import { applyDecorators, Param, type PipeTransform } from '@nestjs/common';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsBoolean,
  IsIn,
  IsInt,
  isRFC3339,
  IsString,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { validationFailed } from '../problems.js';

/** May be left out; unlike with class-validator's IsOptional, null isn't accepted. */
export const Optional = () => ValidateIf((_, value) => value !== undefined);

/** `true` or `false` in a body. */
export const BooleanField = () => IsBoolean({ message: 'must be true or false' });

/** May be left out or null, which clears the value. */
export const Clearable = () => ValidateIf((_, value) => value !== undefined && value !== null);

/** A string. */
export const StringField = () => IsString({ message: 'must be a string' });

/** A string of so many characters (code points). */
export const Length = (min: number, max: number) =>
  applyDecorators(
    StringField(),
    Rule(
      'length',
      `must have ${min} to ${max} characters`,
      (text) => {
        const { length } = [...text];
        return length >= min && length <= max;
      },
      { minLength: min, maxLength: max },
    ),
  );

/** At least one visible character. */
export const NotBlank = () =>
  Rule('not_blank', 'must not be blank', (text) => text === '' || !isBlank(text), { pattern: '\\S' });

/** Text that may be left out; null and blanks clear it. */
export const ClearableText = (max: number) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' && isBlank(value) ? null : value)),
    Clearable(),
    Length(0, max),
  );

/** Text without control, invisible or bidi-control characters. */
export const OneLine = () =>
  Rule('one_line', 'must not hold control, invisible or direction-changing characters', isOneLine);

/** The part of JSON Schema that the OpenAPI document takes over: the `context` of a rule. */
export interface FieldSchema {
  format?: 'email' | 'uri' | 'date-time';
  pattern?: string;
  minLength?: number;
  maxLength?: number;
}

/** A rule on a string: `code` and `detail` of its field error, and its JSON Schema. */
export const Rule = (
  code: string,
  detail: string,
  holds: (text: string) => boolean,
  schema: FieldSchema = {},
): PropertyDecorator =>
  ValidateBy(
    {
      name: code,
      validator: {
        validate: (value) => typeof value === 'string' && holds(value),
        defaultMessage: () => detail,
      },
    },
    { context: schema },
  );

/**
 * An integer.
 * @param tooMuch the message for a larger one
 */
export const WholeNumber = (min: number, max: number, tooMuch = `must be ${max} or less`) =>
  applyDecorators(
    IsInt({ message: 'must be a whole number', context: { type: 'integer' } }),
    Min(min, { message: `must be ${min} or more`, context: { minimum: min } }),
    Max(max, { message: tooMuch, context: { maximum: max } }),
  );

/** An integer in a query. Digits only: not `1e3`, `0x10` or ` 1`. */
export const QueryInteger = (...limits: Parameters<typeof WholeNumber>) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    WholeNumber(...limits),
  );

/** `true` or `false` in a query. */
export const QueryBoolean = () =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value)),
    BooleanField(),
  );

/** One of some words. */
export const OneOf = (values: readonly string[]) => IsIn(values, { message: `must be one of: ${values.join(', ')}` });

/** One or more of some words: in a query, the key is repeated. */
export const SomeOf = (values: readonly string[]) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === undefined || Array.isArray(value) ? value : [value])),
    ArrayMaxSize(values.length, { message: `must be at most ${values.length} words` }),
    IsIn(values, { each: true, message: `must be of: ${values.join(', ')}` }),
  );

/** A timestamp (RFC 3339) on a day that exists, without leap seconds. */
export const Time = () =>
  Rule('is_rfc3339', 'must be a time such as 2026-01-01T00:00:00Z', isTime, { format: 'date-time' });

function isTime(text: string): boolean {
  const day = text.slice(0, 10);
  if (!isRFC3339(text) || Number.isNaN(Date.parse(text))) return false;
  return new Date(day).toISOString().startsWith(day);
}

/** A search term: 1 to 100 characters in one line. */
export const SearchText = () => applyDecorators(Optional(), Length(1, 100), OneLine());

/** A path parameter that is a UUID of any version; converted to lower case. */
export const Id = (name = 'id') => Param(name, new IdPipe(name));

class IdPipe implements PipeTransform<string, string> {
  constructor(private readonly name: string) {}

  transform(value: string): string {
    return idOf(value, this.name);
  }
}

/** A UUID in lower case. @throws Problem 422 naming the parameter when it is invalid */
export function idOf(value: string, parameter: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw validationFailed([{ parameter, code: 'is_uuid', detail: 'must be a UUID' }]);
}

/** Whether it is a UUID, of any version and in any case. */
export const isUuid = (value: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);

// zero-width joiners and direction marks stay allowed: emoji and several scripts are written with them
const NOT_ONE_LINE = /[\p{Cc}\p{Zl}\p{Zp}\u200b\u202a-\u202e\u2060-\u2069\ufeff]/u;
const isBlank = (text: string) => /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
const isOneLine = (text: string) => !NOT_ONE_LINE.test(text);
