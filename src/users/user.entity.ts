import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Role } from '../request.js';

/** An account of a person or a service. E-mail addresses are stored normalised, usernames as typed. */
@Entity({ name: 'users' })
@Check('users_role_check', `role IN ('user', 'admin')`)
@Check('users_email_check', `email = lower(email)`)
@Check('users_kind_check', `kind IN ('person', 'service')`)
@Check('users_person_check', `kind = 'service' OR email IS NOT NULL`)
@Index('users_email_key', ['email'], { unique: true, where: 'deleted_at IS NULL' })
@Index('users_created_at_idx', ['createdAt', 'id'])
@Index('users_updated_at_idx', ['updatedAt', 'id'])
// on expressions, which only the migration can describe: fold_case(username), and the searched text
@Index('users_username_key', { synchronize: false })
@Index('users_username_idx', { synchronize: false })
@Index('users_email_idx', { synchronize: false })
@Index('users_names_email_search_idx', { synchronize: false })
@Index('users_username_prefix_idx', { synchronize: false })
@Index('users_display_name_prefix_idx', { synchronize: false })
@Index('users_last_login_at_idx', { synchronize: false })
@Index('users_deleted_email_idx', { synchronize: false })
@Index('users_deleted_username_idx', { synchronize: false })
@Index('users_foreign_hash_idx', { synchronize: false })
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'users_pkey' })
  id: string;

  /** `service` for a program: no address, password or sessions; it authenticates by access tokens only. */
  @Column('text', { default: 'person' })
  kind: 'person' | 'service';

  @Column('text', { nullable: true })
  email: string | null;

  /** When the address was verified; cleared by the statement that changes the address. */
  @Column({ type: 'timestamptz', name: 'email_verified_at', precision: 3, nullable: true })
  emailVerifiedAt: Date | null;

  @Column('text')
  username: string;

  /** Null for an account that has no password. */
  @Column('text', { name: 'password_hash', select: false, nullable: true })
  passwordHash: string | null;

  /** Whether signing in requires a second factor. */
  @Column('boolean', { name: 'mfa_enabled', default: false })
  mfaEnabled: boolean;

  /** Whether an admin requires one. */
  @Column('boolean', { name: 'mfa_required', default: false })
  mfaRequired: boolean;

  @Column('text', { name: 'display_name', nullable: true })
  displayName: string | null;

  @Column('text', { name: 'profile_picture_url', nullable: true })
  profilePictureUrl: string | null;

  @Column('text', { default: 'user' })
  role: Role;

  @Column('boolean', { name: 'is_active', default: true })
  isActive: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'timestamptz', name: 'deleted_at', precision: 3, nullable: true })
  deletedAt: Date | null;

  /** When a deleted account is purged; null means never. */
  @Column({ type: 'timestamptz', name: 'purge_at', precision: 3, nullable: true })
  purgeAt: Date | null;

  /** The language of mails to this person (BCP 47); null means the request's, or DEFAULT_LOCALE. */
  @Column('text', { nullable: true })
  locale: string | null;

  @Column({ type: 'timestamptz', name: 'last_login_at', precision: 3, nullable: true })
  lastLoginAt: Date | null;

  /** Incremented by each change; part of the ETag, compared with If-Match. */
  @Column('integer', { default: 1 })
  version: number;

  /** Incremented to end all sessions of the user at once: a session stores the generation it was created in. Must be incremented whenever the password changes. */
  @Column('integer', { name: 'session_generation', default: 0, select: false })
  sessionGeneration: number;
}
