import { seconds } from '../config/durations.js';

/** A connection as its group sees it. */
export interface Member {
  /** performance.now() of its last answer, or of when it was made. */
  readonly answeredAt: number;
  /** Lets it go: at once when nobody uses it, else when whoever uses it is done. */
  retire(): void;
}

const PAUSE = seconds(1); // between two retirements of all: while the database is read-only, every write reports it

/** The connections of one process to one database: what befalls one of them says something of the others. */
export class ConnectionGroup {
  private readonly members = new Set<Member>();
  private retiredAllAt = -Infinity;

  add(member: Member): void {
    this.members.add(member);
  }

  remove(member: Member): void {
    this.members.delete(member);
  }

  /** A connection did not answer what was sent at this time: those that have not answered since are closed as well. */
  retireSilentSince(sentAt: number): void {
    for (const member of [...this.members]) if (member.answeredAt < sentAt) member.retire();
  }

  /** One leads to a server that can't be written to: the others may as well, and be in use for minutes. */
  retireAll(): void {
    const now = performance.now();
    if (now - this.retiredAllAt < PAUSE) return;
    this.retiredAllAt = now;
    for (const member of [...this.members]) member.retire();
  }
}
