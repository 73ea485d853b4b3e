import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Somebody who was removed for good: should a backup bring them back, the next chore removes them again. */
@Entity({ name: 'purged_users' })
export class PurgedUser {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'purged_users_pkey' })
  id: string;

  @Column('timestamptz', { name: 'purged_at', default: () => 'now()' })
  purgedAt: Date;
}
