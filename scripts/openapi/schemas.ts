/** The shapes of what goes over the wire: what types, rules and comments say of them, in one. */
import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { PROBLEM_CODES } from '../../src/problems.js';
import { isUuid } from '../../src/http/fields.js';
import { type Schema, refTo } from './document.js';
import { exampleOfMember } from './examples.js';

const IMPORT_COUNTS = Object.fromEntries(
  ['total', 'added', 'updated', 'skipped', 'failed'].map((name) => [
    name,
    { type: 'integer', description: 'For `import_failed`: so many rows.', examples: [0] },
  ]),
);
const LINK_TOKEN: Schema = {
  type: 'string',
  description: 'For `account_exists`: links what somebody came with, once they have signed in to that account.',
  examples: ['lt_AZqy…'],
};

const FACTOR_METHODS: Schema = {
  type: 'array',
  description: 'How the second factor can be shown.',
  items: { type: 'string', enum: ['totp', 'passkey', 'recovery_code'] },
};

/** Shapes that no class of ours describes. */
export const OTHER_SCHEMAS: Record<string, Schema> = {
  Problem: {
    type: 'object',
    description: 'What went wrong (RFC 9457).',
    properties: {
      type: { type: 'string', description: 'Always `about:blank`: the code says it all.', examples: ['about:blank'] },
      title: { type: 'string', description: 'What the status is called.', examples: ['Conflict'] },
      status: { type: 'integer', description: 'The status of the answer.', examples: [409] },
      code: refTo('schemas', 'ProblemCode'),
      detail: {
        type: 'string',
        description: 'One sentence for people.',
        examples: ['This e-mail address is already in use.'],
      },
      errors: {
        type: 'array',
        description: 'What is wrong with single members or parameters.',
        items: refTo('schemas', 'FieldError'),
        maxItems: 20,
      },
      mfa: {
        type: 'object',
        description: 'For `mfa_required` and `mfa_enrollment_required` at sign-in: how it goes on.',
        properties: {
          token: { type: 'string', description: 'Stands for the first factor.', examples: ['mt_AZqy…'] },
          methods: FACTOR_METHODS,
          expires_in: { type: 'integer', description: 'Seconds.', examples: [300] },
        },
        required: ['token', 'methods', 'expires_in'],
      },
      step_up: {
        type: 'object',
        description: 'For `step_up_required`: what must be proved once more.',
        properties: {
          acr: { type: 'string', description: '`aal2`: with two factors.', enum: ['aal1', 'aal2'] },
          max_age: { type: 'integer', description: 'How long ago it may be, in seconds.', examples: [600] },
          methods: {
            type: 'array',
            description: 'How it can be proved; none: sign in again.',
            items: { type: 'string', enum: ['totp', 'passkey', 'recovery_code', 'password'] },
          },
        },
        required: ['acr', 'max_age', 'methods'],
      },
      ...IMPORT_COUNTS,
      results: {
        type: 'array',
        description: 'For `import_failed`: the rows that failed.',
        items: refTo('schemas', 'ImportResult'),
      },
      link_token: LINK_TOKEN,
      request_id: { type: 'string', description: 'What the log of the server knows the request by.' },
    },
    required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  },
  ProblemCode: { type: 'string', description: 'Stable: made for programs to branch on.', enum: [...PROBLEM_CODES] },
  FieldError: {
    type: 'object',
    description: 'What is wrong with one member of a body, or with one query or path value.',
    properties: {
      pointer: { type: 'string', description: 'The member, as a JSON pointer (RFC 6901).', examples: ['/email'] },
      parameter: { type: 'string', description: 'The query or path parameter.', examples: ['limit'] },
      code: { type: 'string', description: 'The rule that it breaks.', examples: ['is_email'] },
      detail: { type: 'string', description: 'The rule in words.', examples: ['must be an e-mail address'] },
    },
    required: ['code', 'detail'],
  },
  OAuthError: {
    type: 'object',
    description: 'What went wrong, in the words of OAuth 2 (RFC 6749 section 5.2).',
    properties: {
      error: { type: 'string', examples: ['invalid_grant'] },
      error_description: { type: 'string', examples: ['Wrong e-mail address, username or password.'] },
      mfa_token: { type: 'string', description: 'For `mfa_required`: stands for the first factor.', examples: ['mt_AZqy…'] }, // prettier-ignore
      mfa_methods: FACTOR_METHODS,
      expires_in: { type: 'integer', description: 'Seconds that the `mfa_token` is good for.', examples: [300] },
      link_token: LINK_TOKEN,
    },
    required: ['error', 'error_description'],
  },
  HealthCheckResult: {
    type: 'object',
    description: 'The state of everything that the service needs.',
    properties: {
      status: { type: 'string', enum: ['ok', 'error', 'shutting_down'] },
      ...Object.fromEntries(
        Object.entries({
          info: 'What works.',
          error: 'What does not work.',
          details: 'Both of them.',
        }).map(([name, description]) => [
          name,
          {
            type: 'object',
            description,
            additionalProperties: refTo('schemas', 'HealthIndicator'),
            examples: [name === 'error' ? {} : { database: { status: 'up' }, migrations: { status: 'up' }, process: { status: 'up' } }], // prettier-ignore
          },
        ]),
      ),
    },
    required: ['status', 'info', 'error', 'details'],
  },
  HealthIndicator: {
    type: 'object',
    properties: { status: { type: 'string', enum: ['up', 'down'] }, message: { type: 'string' } },
    required: ['status'],
  },
};

/** Completes what the plugin made of a class. */
export function finishSchema(schema: Schema, description: string, dto: Type<object> | undefined): Schema {
  const limits = dto ? limitsOf(dto) : {};
  const members = Object.entries(schema.properties ?? {});
  const properties = members.map(([name, member]) => [name, finishMember(name, { ...member, ...limits[name] })]);
  return { ...schema, description, properties: Object.fromEntries(properties) as Record<string, Schema> };
}

/** Completes what the plugin made of a member or a parameter: its format, its numbers, its example. */
export function finishMember(name: string, { example, ...schema }: Schema & { example?: unknown }): Schema {
  const usual = formatOf(name);
  const isOther = usual === 'uuid' && typeof example === 'string' && !isUuid(example); // an id of somebody else's
  const format = schema.format ?? (isOther ? undefined : usual);
  const isText = [schema.type].flat().includes('string');
  const member: Schema = { ...schema, ...(isText && !schema.enum && format && { format }) };
  member.type = integerFor(member.type);
  if (member.allOf?.length === 1) Object.assign(member, member.allOf[0], { allOf: undefined });
  if (member.$ref !== undefined || member.enum) return member;
  const known = example ?? exampleOfMember(name, member);
  return known === undefined ? member : { ...member, examples: [known] };
}

/** All numbers here are whole ones. */
function integerFor(type: Schema['type']): Schema['type'] {
  if (Array.isArray(type)) return type.map((one) => (one === 'number' ? 'integer' : one));
  return type === 'number' ? 'integer' : type;
}

function formatOf(name: string): string | undefined {
  if (name !== 'request_id' && /(?:^|_)id$/.test(name)) return 'uuid';
  if (name.endsWith('_url')) return 'uri';
  if (name.endsWith('password')) return 'password';
  return name === 'email' ? 'email' : undefined;
}

/** The rules of a class's members, for machines. */
export function limitsOf(dto: Type<object>): Record<string, Schema> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false);
  const limits: Record<string, Schema> = {};
  for (const { propertyName, name = '', constraints } of rules) {
    limits[propertyName] = { ...limits[propertyName], ...limitOf(name, constraints as unknown[] | undefined) };
  }
  return limits;
}

function limitOf(rule: string, [limit]: unknown[] = []): Schema {
  switch (rule) {
    case 'isInt':
      return { type: 'integer' };
    case 'min':
      return { minimum: limit as number };
    case 'max':
      return { maximum: limit as number };
    case 'isRfc3339':
      return { format: 'date-time' };
    default: // our own rules carry theirs
      return typeof limit === 'object' && !Array.isArray(limit) ? (limit as Schema) : {};
  }
}

/** A page of these items. */
export function pageSchema({ properties, required = [], ...page }: Schema, items: Schema): Schema {
  return { ...page, properties: { items: { type: 'array', items }, ...properties }, required: ['items', ...required] };
}
