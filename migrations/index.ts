/** The migrations, oldest first. A list and not a glob, so that source, build and tests agree on it. */
import { UsersAndSessions1763700000000 } from './1763700000000-users-and-sessions.js';
import { ThrottleAndAudit1763700100000 } from './1763700100000-throttle-and-audit.js';
import { PostsAndTasks1763700200000 } from './1763700200000-posts-and-tasks.js';
import { AttemptsInFlight1763900000000 } from './1763900000000-attempts-in-flight.js';
import { FoldCase1764020000000 } from './1764020000000-fold-case.js';
import { LikeCounts1764020100000 } from './1764020100000-like-counts.js';
import { ScheduledJobs1764020200000 } from './1764020200000-scheduled-jobs.js';
import { UsersByChange1764090000000 } from './1764090000000-users-by-change.js';
import { OutboxAndMail1764100000000 } from './1764100000000-outbox-and-mail.js';
import { MailChallengesAndInvitations1764110000000 } from './1764110000000-mail-challenges-and-invitations.js';
import { SecondFactors1764200000000 } from './1764200000000-second-factors.js';
import { Identities1764300000000 } from './1764300000000-identities.js';
import { IdempotencyKeys1764350000000 } from './1764350000000-idempotency-keys.js';
import { ForeignHashes1764350100000 } from './1764350100000-foreign-hashes.js';
import { AccessTokens1764400000000 } from './1764400000000-access-tokens.js';
import { Webhooks1764500000000 } from './1764500000000-webhooks.js';
import { Console1764600000000 } from './1764600000000-console.js';
import { WebhookUsers1764610000000 } from './1764610000000-webhook-users.js';
import { OutboxLanes1764740000000 } from './1764740000000-outbox-lanes.js';
import { EventsByMonth1764750000000 } from './1764750000000-events-by-month.js';
import { OneSearchIndex1764750000000 } from './1764750000000-one-search-index.js';
import { Autovacuum1764750100000 } from './1764750100000-autovacuum.js';

export const migrations = [
  UsersAndSessions1763700000000,
  ThrottleAndAudit1763700100000,
  PostsAndTasks1763700200000,
  AttemptsInFlight1763900000000,
  FoldCase1764020000000,
  LikeCounts1764020100000,
  ScheduledJobs1764020200000,
  UsersByChange1764090000000,
  OutboxAndMail1764100000000,
  MailChallengesAndInvitations1764110000000,
  SecondFactors1764200000000,
  Identities1764300000000,
  IdempotencyKeys1764350000000,
  ForeignHashes1764350100000,
  AccessTokens1764400000000,
  Webhooks1764500000000,
  Console1764600000000,
  WebhookUsers1764610000000,
  OutboxLanes1764740000000,
  EventsByMonth1764750000000,
  OneSearchIndex1764750000000,
  Autovacuum1764750100000,
];
