import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../user.entity.js';

/** A network, or a browser family, that an account has signed in from. */
@Entity({ name: 'known_devices' })
@Check('known_devices_kind_check', `kind IN ('network', 'agent')`)
@Index('known_devices_seen_at_idx', ['seenAt'])
export class KnownDevice {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'known_devices_pkey' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'known_devices_user_id_fkey' })
  user?: User;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'known_devices_pkey' })
  kind: 'network' | 'agent';

  /** A digest keyed by the account, so that the table doesn't reveal which networks people use. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'known_devices_pkey' })
  digest: Buffer;

  @Column('timestamptz', { name: 'seen_at', default: () => 'now()' })
  seenAt: Date;
}
