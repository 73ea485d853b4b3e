/** All types of events. */
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

/** Values of `events`: a type, all types of a topic, or all. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...new Set(EVENT_TYPES.map((type) => `${type.split('.')[0]}.*`)),
  ...EVENT_TYPES,
];
