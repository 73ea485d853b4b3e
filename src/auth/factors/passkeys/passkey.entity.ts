import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../../../users/user.entity.js';

/** A WebAuthn credential of an account. Only the public key is stored, so nothing here can be replayed. */
@Entity({ name: 'passkeys' })
@Unique('passkeys_credential_id_key', ['credentialId'])
@Index('passkeys_user_id_idx', ['userId'])
export class Passkey {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'passkeys_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'passkeys_user_id_fkey' })
  user?: User;

  /** The WebAuthn credential id, made by the authenticator. */
  @Column('bytea', { name: 'credential_id' })
  credentialId: Buffer;

  /** As COSE (RFC 9053). */
  @Column('bytea', { name: 'public_key' })
  publicKey: Buffer;

  /** The signature counter of a device-bound authenticator; synced ones always report 0. */
  @Column('bigint')
  counter: string;

  /** How browsers may reach the authenticator: `usb`, `internal`, … */
  @Column('text', { array: true })
  transports: string[];

  /** The AAGUID: the model of the authenticator; null when it doesn't say. */
  @Column('uuid', { nullable: true })
  aaguid: string | null;

  /** Whether it is discoverable, that is, can sign in without a username; null when the browser didn't say. */
  @Column('boolean', { nullable: true })
  discoverable: boolean | null;

  /** Whether it has ever verified its user by a PIN, a finger or a face: only such a passkey can be the only way to sign in. */
  @Column('boolean', { name: 'user_verified' })
  userVerified: boolean;

  /** Whether it may be synced to other devices. */
  @Column('boolean', { name: 'backup_eligible' })
  backupEligible: boolean;

  /** Whether it is synced. */
  @Column('boolean', { name: 'backed_up' })
  backedUp: boolean;

  @Column('text')
  name: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}
