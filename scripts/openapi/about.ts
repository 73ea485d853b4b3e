/** What the document says of the service as a whole. */
import { projectVersion } from '../../src/config/project.js';
import type { OpenApi, Schema } from './document.js';

const DESCRIPTION = `
Users and sign-in for your app: registration, sessions, roles, administration; posts with likes and private tasks on top.

**Try it here**: [registerUser](#/Sign%20in/registerUser) makes an account. Press *Authorize*, give your e-mail address and password, and every
"Try it out" is signed with your token.

- **Signing in** gives an access token, to be sent as \`Authorization: Bearer …\`, and a refresh token, good for one
  [refreshTokens](#/Sessions/refreshTokens) before the access token expires.
- **JSON** in and out; times are RFC 3339 in UTC, ids are UUIDs. Unknown members and query parameters are refused.
- **Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\` and a \`detail\` for people. Besides those
  listed with each operation, any address may answer 404 \`not_found\`, 405 \`method_not_allowed\` (with \`Allow\`),
  408 \`request_timeout\` and 431 \`headers_too_large\`; and a body that nobody asked for must be one that could be read.
- **Lists** come in pages: \`skip\` and \`limit\`, or \`cursor\` with the \`next_cursor\` of the page before, which walks
  any length at the same cost. \`Link\` names the next page.
- **Sending again** what may have been done is safe with an \`Idempotency-Key\`, where an operation takes one.
- **Writing over others' changes** is avoided by sending \`If-Match\` with the \`ETag\` of what was read.
- **Every answer** has \`X-Request-Id\`: the one that was sent, or a new one.
`.trim();

export const INFO: OpenApi['info'] = {
  title: 'UserHub',
  version: projectVersion(),
  description: DESCRIPTION,
  license: { name: 'MIT', identifier: 'MIT' },
};

export const SERVERS: OpenApi['servers'] = [{ url: '/', description: 'The server that this document comes from.' }];

/** Either will do: they are two ways to come by the same token. */
export const SECURITY: OpenApi['security'] = [{ password: [] }, { bearer: [] }];

export const SECURITY_SCHEMES: OpenApi['components']['securitySchemes'] = {
  password: {
    type: 'oauth2',
    description: 'Sign in with your e-mail address, or your username, and your password.',
    flows: { password: { tokenUrl: '/api/auth/token', refreshUrl: '/api/auth/token', scopes: {} } },
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token that you have already.',
  },
};

const header = (description: string, example: unknown, rules: Schema = { type: 'string' }) => {
  const schema: Schema = { ...rules, examples: [example] };
  return { description, schema };
};

const ETAG = '"3-Zm9vYmFyYmF6"';
const PATH: Schema = { type: 'string', format: 'uri-reference' };

/** What answers carry. */
export const HEADERS = {
  'X-Request-Id': header('What the log of the server knows the request by.', 'b7f9c1de-2f4a-4f8e-9a51-0c6a3a7d9e42'),
  ETag: header('The version of what is answered, for `If-Match` and `If-None-Match`.', ETAG),
  Location: header('Where to find what was made.', '/api/users/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11', PATH),
  'Idempotency-Replayed': header('`true` when the request was done before: this is what it was answered then.', 'true'),
  Link: header('The next page (RFC 8288), unless this is the last one.', '</api/users?skip=10&limit=10>; rel="next"'),
  'Retry-After': header('Seconds to wait before trying again.', 840, { type: 'integer', minimum: 1 }),
  'WWW-Authenticate': header('How to sign in (RFC 6750).', 'Bearer error="invalid_token"'),
};

/** What requests may carry. */
export const REQUEST_HEADERS = {
  'If-None-Match': header('The `ETag` of what is known already: answered with 304 while it still holds.', ETAG),
  'If-Match': header('The `ETag` of what was read: nothing is written when it has been changed since.', ETAG),
  'Idempotency-Key': header(
    'Anything that no other request has, such as a UUID. Sent again within 24 hours with the same body, a request that was done is not done again, and answered as it was.',
    '8e03978e-40d5-43dd-bc93-6894a57f9324',
    { type: 'string', maxLength: 255 },
  ),
};
