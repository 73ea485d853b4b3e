import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { ProviderResult } from './provider-results.js';

/** The result of a flow, kept for a minute, until the front end redeems it with its code verifier. */
@Entity({ name: 'provider_results' })
@Unique('provider_results_code_hash_key', ['codeHash'])
@Index('provider_results_expires_at_idx', ['expiresAt'])
export class ProviderResultRow {
  @PrimaryColumn('uuid', { name: 'flow_id', primaryKeyConstraintName: 'provider_results_pkey' })
  flowId: string;

  /** SHA-256 of the code that the front end got. */
  @Column('bytea', { name: 'code_hash' })
  codeHash: Buffer;

  @Column('jsonb')
  payload: ProviderResult;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
