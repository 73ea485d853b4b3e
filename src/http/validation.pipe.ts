import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { type FieldError, validationFailed } from '../problems.js';

const BUILT_IN: unknown[] = [String, Boolean, Number, Array, Object, Date, undefined];

/**
 * Builds DTOs and refuses unknown members, wrong types and bad values. A class with a static `ignoresUnknown` is built
 * without unknown members. Each field error names its member (`pointer`) or its query or path parameter (`parameter`).
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || BUILT_IN.includes(metatype)) return value;
    const dto = metatype as Type<object> & { ignoresUnknown?: boolean };
    return buildDto(dto, value, { from: type === 'body' ? 'body' : 'query', ignoreUnknown: dto.ignoresUnknown });
  }
}

/**
 * Builds an instance of the class from a value.
 * @param ignoreUnknown ignore unknown members instead of refusing them
 * @throws Problem 422 `validation_failed`
 */
export function buildDto<T extends object>(
  dto: Type<T>,
  value: unknown = {},
  { from, ignoreUnknown = false }: { from: 'body' | 'query'; ignoreUnknown?: boolean },
): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw validationFailed([notAnObject]);
  }
  const inherited = ignoreUnknown ? undefined : Object.keys(value).find((name) => name in Object.prototype);
  if (inherited !== undefined) throw validationFailed([unknownMember(inherited, from)]); // class-transformer would drop these silently
  const instance = instanceOf(dto, value as Record<string, unknown>);
  const failures = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: !ignoreUnknown,
    stopAtFirstError: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  if (failures.length) throw validationFailed(failures.map((failure) => fieldError(failure, from)));
  return instance;
}

/**
 * class-transformer calls the `constructor` of nested objects, which a client could have set. So it gets only scalars and
 * arrays of scalars; nested objects are passed on as they are, to be checked by the rules of their DTO.
 */
function instanceOf<T extends object>(dto: Type<T>, value: Record<string, unknown>): T {
  const flat: Record<string, unknown> = {};
  const nested: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    if ([member].flat().some((part) => typeof part === 'object' && part !== null)) nested.push([name, member]);
    else flat[name] = member;
  }
  return Object.assign(plainToInstance(dto, flat), Object.fromEntries(nested));
}

function fieldError({ property, constraints }: ValidationError, from: 'body' | 'query'): FieldError {
  const [constraint, message] = Object.entries(constraints ?? {})[0] ?? ['invalid', 'is invalid'];
  if (constraint === 'whitelistValidation') return unknownMember(property, from);
  return { ...placeOf(property, from), code: snakeCase(constraint), detail: message };
}

/** The field error of a body that isn't an object. */
export const notAnObject: FieldError = { pointer: '', code: 'is_object', detail: 'The body must be a JSON object.' };

/** The field error of an unknown member. */
export const unknownMember = (name: string, from: 'body' | 'query'): FieldError => ({
  ...placeOf(name.slice(0, 64), from),
  code: 'unknown_member',
  detail: 'is unknown',
});

const placeOf = (name: string, from: 'body' | 'query') =>
  from === 'body' ? { pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` } : { parameter: name };

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
