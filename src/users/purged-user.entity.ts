import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The id of a purged user: when a restored backup brings the user back, the next purge removes them again. */
@Entity({ name: 'purged_users' })
export class PurgedUser {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'purged_users_pkey' })
  id: string;

  @Column('timestamptz', { name: 'purged_at', default: () => 'now()' })
  purgedAt: Date;
}
