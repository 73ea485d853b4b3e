import { createHash } from 'node:crypto';
import type { Sql } from './postgres.js';

/** What the database lacks of what was acknowledged, and what it has of it in part or more than once. */
export interface Audit {
  acknowledged: number;
  lost: string[];
  half: string[];
}

interface Account {
  id: string;
  /** Changes that were acknowledged, and those of which nobody knows. */
  acknowledged: number;
  unknown: number;
  lastAcknowledged: number;
}

interface PostRow {
  id: string;
  title: string;
  content: string;
  like_count: number;
  likes: number;
}

/**
 * What clients were told: each post, like and change is noted when its answer comes. Afterwards the database must hold
 * every acknowledged write, whole and once; one that failed may be in or out, but not half.
 */
export class Ledger {
  private readonly posts = new Map<string, string>();
  private readonly likes = new Set<string>();
  private readonly accounts = new Map<string, Account>();
  private readonly broken: string[] = [];

  /** @param run what the titles of this ledger's posts begin with */
  constructor(readonly run: string) {}

  /** A post was acknowledged under this id. */
  post(id: string, title: string): void {
    this.posts.set(id, title);
  }

  /** A like was acknowledged. */
  like(postId: string, userId: string): void {
    this.likes.add(`${postId} ${userId}`);
  }

  /** Of a person's profile change nobody knows (`undefined` as its number), or it was acknowledged. */
  change(id: string, number?: number): void {
    const account = this.accounts.get(id) ?? { id, acknowledged: 0, unknown: 0, lastAcknowledged: -1 };
    this.accounts.set(id, account);
    if (number === undefined) account.unknown++;
    else Object.assign(account, { acknowledged: account.acknowledged + 1, lastAcknowledged: number });
  }

  /** Something was lost in a way that shows at once, such as a session that was acknowledged and then refused. */
  breaks(promise: string): void {
    this.broken.push(promise);
  }

  /** Compares with what is in the database. @param versions of the people before the run, by id */
  async compare(postgres: Sql, database: string, versions: Map<string, number>): Promise<Audit> {
    const posts = await postgres.sql<PostRow>(
      `SELECT id, title, content, like_count, (SELECT count(*)::int FROM likes WHERE post_id = p.id) AS likes
       FROM posts p WHERE starts_with(title, $1)`,
      [this.run],
      database,
    );
    const likes = await postgres.sql<{ key: string }>(
      `SELECT post_id || ' ' || user_id AS key FROM likes`,
      [],
      database,
    );
    const people = await postgres.sql<{ id: string; display_name: string; version: number }>(
      'SELECT id, display_name, version FROM users',
      [],
      database,
    );
    const changes = people.flatMap((person) => this.judge(person, versions.get(person.id) ?? 0));
    const found = new Set(posts.map(({ id }) => id));
    const liked = new Set(likes.map(({ key }) => key));
    return {
      acknowledged: this.posts.size + this.likes.size + sum([...this.accounts.values()].map((one) => one.acknowledged)),
      lost: [
        ...[...this.posts.keys()].filter((id) => !found.has(id)).map((id) => `post ${id}`),
        ...[...this.likes].filter((key) => !liked.has(key)).map((key) => `like ${key}`),
        ...changes,
        ...this.broken,
      ],
      half: [
        ...posts
          .filter(({ title, content }) => content !== contentOf(title))
          .map(({ id }) => `the content of post ${id}`),
        ...posts.filter((post) => post.like_count !== post.likes).map(({ id }) => `the like count of post ${id}`),
        ...twice(posts.map(({ title }) => title)).map((title) => `post ${title}, which is there twice`),
      ],
    };
  }

  /**
   * Each change raises the version by one, so many must have arrived; and the last one shows, unless one of which nobody
   * knows came after it.
   */
  private judge(person: { id: string; display_name: string; version: number }, before: number): string[] {
    const account = this.accounts.get(person.id);
    if (!account) return [];
    const { acknowledged, unknown, lastAcknowledged } = account;
    const arrived = person.version - before;
    const isCounted = arrived >= acknowledged && arrived <= acknowledged + unknown;
    const isShown = acknowledged === 0 || unknown > 0 || Number(person.display_name) === lastAcknowledged;
    return isCounted && isShown
      ? []
      : [`${arrived} of ${acknowledged} changes of ${person.id}, now ${person.display_name}`];
  }
}

/** What a post of this title says: long, and the same nowhere else. */
export function contentOf(title: string): string {
  const parts = Array.from({ length: 16 }, (_, i) => createHash('sha512').update(`${title} ${i}`).digest('base64'));
  return parts.join(' ');
}

const twice = (texts: string[]) => texts.filter((text, i) => texts.indexOf(text) !== i);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
