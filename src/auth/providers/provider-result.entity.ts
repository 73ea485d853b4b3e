import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { ProviderResult } from './provider-results.js';

/** What somebody came back from a provider with, for a minute, until their front end shows that the flow is its own. */
@Entity({ name: 'provider_results' })
@Unique('provider_results_code_hash_key', ['codeHash'])
@Index('provider_results_expires_at_idx', ['expiresAt'])
export class ProviderResultRow {
  @PrimaryColumn('uuid', { name: 'flow_id', primaryKeyConstraintName: 'provider_results_pkey' })
  flowId: string;

  /** SHA-256 of the code that was given out. */
  @Column('bytea', { name: 'code_hash' })
  codeHash: Buffer;

  @Column('jsonb')
  payload: ProviderResult;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
