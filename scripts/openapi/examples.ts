/** What things look like: Ada, her session, her posts. The values of a DTO's own `@example` go before these. */
import type { Schema } from './document.js';

/** By the name of a member or parameter, or else by its format. */
const EXAMPLES: Record<string, unknown> = {
  username: 'ada',
  display_name: 'Ada Lovelace',
  locale: 'en',
  is_active: true,
  provider: 'google',
  access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5YzJmNCJ9.c2lnbmF0dXJl',
  refresh_token: 'rt_AZnC9FoQfD6bfS9sHgpLEQ',
  expires_in: 1800,
  pending_email: null,
  deleted_at: null,
  accepted_at: null,
  revoked_at: null,
  last_error: null,
  next_cursor: null,
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0',
  request_id: 'b7f9c1de-2f4a-4f8e-9a51-0c6a3a7d9e42',
  q: 'ada',
  limit: 10,
  uuid: '0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11',
  'date-time': '2026-01-31T09:30:00.000Z',
  email: 'ada@example.com',
  password: 'correct horse battery',
  uri: 'https://example.com/ada.png',
};

/** What a member of this name and schema may look like; undefined when nobody has said. */
export function exampleOfMember(name: string, { format = '', type, minimum = 0 }: Schema = {}): unknown {
  const key = [name, format].find((one) => Object.hasOwn(EXAMPLES, one));
  if (key !== undefined) return EXAMPLES[key];
  if (type === 'boolean') return false;
  return type === 'integer' ? minimum : undefined;
}

const DOWN = { database: { status: 'down' } };

/** What is answered with 503 in the shape of a 200. By class. */
export const UNHEALTHY: Record<string, object> = {
  HealthDto: { status: 'unhealthy', database: 'disconnected', api: 'ok' },
  HealthCheckResultDto: { status: 'error', info: {}, error: DOWN, details: DOWN },
};
