import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A mail as the development mailbox keeps it. */
export interface KeptMail {
  kind: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The six digits in it, if it has a code. */
  code: string | null;
  /** Where its button leads, if it has one. */
  link: string | null;
  headers: Record<string, string>;
}

/** A mail that a development server would have sent. In production the table stays empty. */
@Entity({ name: 'dev_mails' })
@Index('dev_mails_at_idx', ['at', 'id'])
export class DevMail {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'dev_mails_pkey' })
  id: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  @Column('jsonb')
  mail: KeptMail;
}
