import { seconds } from '../config/durations.js';

/** A connection, as its group uses it. */
export interface Member {
  /** performance.now() of its last answer, or of its creation. */
  readonly answeredAt: number;
  /** Closes it: at once when idle, else after the current query. */
  retire(): void;
}

const PAUSE = seconds(1); // between two calls that retire all: while the database is read-only, every write reports it

/** The connections of one process to one database: a failure of one says something about the others. */
export class ConnectionGroup {
  private readonly members = new Set<Member>();
  private retiredAllAt = -Infinity;

  add(member: Member): void {
    this.members.add(member);
  }

  remove(member: Member): void {
    this.members.delete(member);
  }

  /** After a connection didn't answer what was sent at this time: closes those that have had no answer since, too. */
  retireSilentSince(sentAt: number): void {
    for (const member of [...this.members]) if (member.answeredAt < sentAt) member.retire();
  }

  /** After a connection turned out to lead to a read-only server: retires all, as others may as well. */
  retireAll(): void {
    const now = performance.now();
    if (now - this.retiredAllAt < PAUSE) return;
    this.retiredAllAt = now;
    for (const member of [...this.members]) member.retire();
  }
}
