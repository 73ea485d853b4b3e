/** For TypeORM's own tool, `npm run typeorm`: the connection that the server has, and the entities by name. */
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { AuditEvent } from './src/audit/audit-event.entity.js';
import { RememberedDevice } from './src/auth/factors/devices/remembered-device.entity.js';
import { Passkey } from './src/auth/factors/passkeys/passkey.entity.js';
import { RecoveryCode } from './src/auth/factors/recovery-code.entity.js';
import { TotpFactor } from './src/auth/factors/totp-factor.entity.js';
import { Identity } from './src/auth/providers/identity.entity.js';
import { ProviderResultRow } from './src/auth/providers/provider-result.entity.js';
import { AccessToken } from './src/auth/tokens/access-token.entity.js';
import { Invitation } from './src/auth/recovery/invitations/invitation.entity.js';
import { Session } from './src/auth/sessions/session.entity.js';
import { loadSettings } from './src/config/settings.js';
import { DailyStats } from './src/console/daily-stats.entity.js';
import { migrationOptions } from './src/database/migrate.js';
import { IdempotencyKey } from './src/idempotency/idempotency-key.entity.js';
import { DevMail } from './src/mail/dev-mail.entity.js';
import { OutboxJob } from './src/outbox/outbox-job.entity.js';
import { resolveDatabase } from './src/process/resolve-database.js';
import { Like } from './src/posts/like.entity.js';
import { Post } from './src/posts/post.entity.js';
import { Task } from './src/tasks/task.entity.js';
import { KnownDevice } from './src/users/addresses/known-device.entity.js';
import { MailChallenge } from './src/users/addresses/mail-challenge.entity.js';
import { PurgedUser } from './src/users/purged-user.entity.js';
import { Webhook, WebhookEvent } from './src/webhooks/webhook.entity.js';
import { User } from './src/users/user.entity.js';

/** Every entity there is; the server collects the same from its modules. */
export const entities = [
  User,
  MailChallenge,
  KnownDevice,
  PurgedUser,
  Session,
  Invitation,
  TotpFactor,
  RecoveryCode,
  Passkey,
  RememberedDevice,
  Identity,
  ProviderResultRow,
  AccessToken,
  AuditEvent,
  DailyStats,
  OutboxJob,
  IdempotencyKey,
  DevMail,
  Post,
  Like,
  Task,
  Webhook,
  WebhookEvent,
];

/**
 * The connection, not opened yet. An embedded database that runs already is joined; otherwise one is started, and it
 * stops when this process ends.
 * @throws SettingsError
 */
export async function connection(settings = loadSettings()): Promise<DataSource> {
  await resolveDatabase(settings, { join: true });
  return new DataSource({ ...migrationOptions(settings, entities), logger: 'advanced-console' });
}

/** What the tool awaits. Nothing happens before it does, so that importing this file starts no server. */
const whenAwaited: PromiseLike<DataSource> = {
  then: (resolve, reject) => connection().then(resolve, reject),
};
export default whenAwaited;
