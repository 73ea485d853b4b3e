/** Every type of event that a receiver can ask for. */
export const EVENT_TYPES = [
  'user.created',
  'user.updated',
  'user.deleted',
  'user.restored',
  'user.purged',
  'user.activated',
  'user.deactivated',
  'user.email_verified',
  'user.email_changed',
  'user.password_changed',
  'user.role_changed',
  'session.created',
  'session.ended',
  'invitation.created',
  'invitation.accepted',
  'invitation.revoked',
  'webhook.test',
] as const;

/** What can stand in `events`: a type, all of a topic, or all of them. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...new Set(EVENT_TYPES.map((type) => `${type.split('.')[0]}.*`)),
  ...EVENT_TYPES,
];
