/** A result of a check: `good`, `doubtful` (worth a thought), or `bad` (to be fixed before production use). */
export interface Finding {
  verdict: 'good' | 'doubtful' | 'bad';
  text: string;
  /** How to mend it. */
  remedy?: string;
}

export const good = (text: string): Finding => ({ verdict: 'good', text });
export const doubtful = (text: string, remedy?: string): Finding => ({ verdict: 'doubtful', text, remedy });
export const bad = (text: string, remedy?: string): Finding => ({ verdict: 'bad', text, remedy });
