/** What a check found: all well, worth a thought, or to be put right before this serves anybody. */
export interface Finding {
  verdict: 'good' | 'doubtful' | 'bad';
  text: string;
  /** What to do about it. */
  remedy?: string;
}

export const good = (text: string): Finding => ({ verdict: 'good', text });
export const doubtful = (text: string, remedy?: string): Finding => ({ verdict: 'doubtful', text, remedy });
export const bad = (text: string, remedy?: string): Finding => ({ verdict: 'bad', text, remedy });
