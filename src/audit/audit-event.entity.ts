import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The kinds of security events. */
export const AUDIT_ACTIONS = [
  'register',
  'login',
  'logout',
  'token_reused',
  'sessions_ended',
  'password_confirmed',
  'password_changed',
  'verification_requested',
  'password_reset_requested',
  'password_reset',
  'email_verified',
  'emails_verified',
  'email_change_requested',
  'email_change_cancelled',
  'email_change_reverted',
  'email_changed',
  'registration_rejected',
  'invitation_created',
  'invitation_resent',
  'invitation_revoked',
  'invitation_accepted',
  'user_created',
  'first_admin',
  'user_updated',
  'users_imported',
  'user_imported',
  'role_changed',
  'user_activated',
  'user_deactivated',
  'user_deleted',
  'user_restored',
  'user_purged',
  'mfa_challenged',
  'mfa_failed',
  'mfa_enabled',
  'mfa_disabled',
  'mfa_required_changed',
  'mfa_reset',
  'totp_added',
  'totp_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'passkey_added',
  'passkey_removed',
  'passkey_counter',
  'device_remembered',
  'device_forgotten',
  'step_up',
  'throttled',
  'throttle_cleared',
  'token_created',
  'token_revoked',
  'webhook_created',
  'webhook_updated',
  'webhook_deleted',
  'webhook_secret_rotated',
  'webhook_disabled',
  'exported',
  'identity_linked',
  'identity_unlinked',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** A security event. It outlives the accounts in it, until it is older than AUDIT_RETENTION_DAYS. */
@Entity({ name: 'audit_events' })
@Check('audit_events_outcome_check', `outcome IN ('success', 'failure')`)
@Index('audit_events_at_idx', ['at', 'id'])
@Index('audit_events_user_id_idx', ['userId', 'at', 'id'])
@Index('audit_events_action_idx', ['action', 'at', 'id'])
@Index('audit_events_actor_id_idx', ['actorId', 'at', 'id'], { where: 'actor_id IS DISTINCT FROM user_id' })
@Index('audit_events_ip_idx', ['ip', 'at', 'id'])
export class AuditEvent {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_events_pkey' })
  id: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  @Column('text')
  action: AuditAction;

  @Column('text')
  outcome: 'success' | 'failure';

  /** Who did it; null when nobody was signed in. */
  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId: string | null;

  /** The user whom it concerns. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column('text', { nullable: true })
  ip: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;

  @Column('jsonb', { default: {} })
  details: Record<string, string>;
}
