import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A mail in the development mailbox. */
export interface KeptMail {
  kind: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The code in it, if any. */
  code: string | null;
  /** The link of its button, if any. */
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
