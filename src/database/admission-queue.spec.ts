import { stat } from 'node:fs/promises';
import { jest } from '@jest/globals';
import { Problem } from '../problems.js';
import { type Kind, AdmissionQueue } from './admission-queue.js';

describe('AdmissionQueue', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  /** Statements that have begun, each to be ended by hand, and what became of all of them. Each has a topic of its own unless told. */
  function traffic(queue: AdmissionQueue) {
    const under: { kind: Kind; topic: string; end: () => void }[] = [];
    const outcomes: string[] = [];
    let topics = 0;
    const start = (kind: Kind, count = 1, of?: string) => {
      for (let i = 0; i < count; i++) {
        const topic = of ?? `topic ${topics++}`;
        const work = () => new Promise<void>((end) => under.push({ kind, topic, end }));
        queue.run({ kind, topic }, work).then(
          () => outcomes.push(kind),
          (error: unknown) => outcomes.push(error instanceof Problem ? error.code : String(error)),
        );
      }
    };
    const end = async (count = 1) => {
      for (const { end } of under.splice(0, count)) end();
      await jest.advanceTimersByTimeAsync(0);
    };
    return { under, outcomes, start, end };
  }

  const kinds = (under: { kind: Kind }[]) => under.map(({ kind }) => kind).sort();

  it('lets writers use four fifths of them, and readers all', async () => {
    const { under, start, end } = traffic(new AdmissionQueue(10));
    start('write', 20);
    expect(under).toHaveLength(8);
    start('read', 20);
    expect(kinds(under)).toEqual([...Array<Kind>(2).fill('read'), ...Array<Kind>(8).fill('write')]);
    await end(100);
    expect(under).toHaveLength(10);
  });

  it('lets searches use half of them, and searches and writers together four fifths', async () => {
    const { under, start, end } = traffic(new AdmissionQueue(10));
    start('search', 20);
    expect(under).toHaveLength(5);
    start('write', 20);
    expect(kinds(under)).toEqual([...Array<Kind>(5).fill('search'), ...Array<Kind>(3).fill('write')]);
    start('read', 20);
    expect(under).toHaveLength(10);
    await end(100);
    expect(under).toHaveLength(10);
  });

  it('lets a search run even on a single connection', () => {
    const { under, start } = traffic(new AdmissionQueue(1));
    start('search', 2);
    expect(under).toHaveLength(1);
  });

  it.each([1, 2, 3])('of %i it keeps one from writers, unless there is no other', (width) => {
    const { under, start } = traffic(new AdmissionQueue(width));
    start('write', 5);
    expect(under.length).toBe(Math.max(1, width - 1));
  });

  it('turns away who waits while nothing moves', async () => {
    const { under, outcomes, start } = traffic(new AdmissionQueue(5));
    start('write', 9);
    await jest.advanceTimersByTimeAsync(399);
    expect(outcomes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(outcomes).toEqual(Array(5).fill('unavailable'));
    expect(under).toHaveLength(4);
  });

  it('lets a crowd wait for 2 s while others end', async () => {
    const { outcomes, start, end } = traffic(new AdmissionQueue(4));
    start('read', 100);
    for (let i = 0; i < 20; i++) {
      await jest.advanceTimersByTimeAsync(99);
      await end(2);
    }
    expect(outcomes).toEqual(Array(40).fill('read'));
    await jest.advanceTimersByTimeAsync(400);
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(56);
  });

  it('reads what has arrived while the process was busy before it turns anybody away', async () => {
    jest.useRealTimers();
    const queue = new AdmissionQueue(2);
    const running = [stat('.'), stat('.')].map((answer) => queue.run({ kind: 'read', topic: 'users' }, () => answer));
    const waiting = queue.run({ kind: 'read', topic: 'users' }, () => Promise.resolve('served'));
    const start = performance.now();
    while (performance.now() - start < 500); // its timer is due before the answers of the running ones have been read
    await expect(waiting).resolves.toBe('served');
    await Promise.all(running);
  });

  it('takes readers for no sign that writers move', async () => {
    const { under, outcomes, start } = traffic(new AdmissionQueue(5));
    start('write', 5);
    for (let i = 0; i < 8; i++) {
      start('read');
      under.pop()?.end();
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(1);
  });

  it('makes room when work fails', async () => {
    const queue = new AdmissionQueue(1);
    await expect(queue.run({ kind: 'read', topic: 'posts' }, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    await expect(queue.run({ kind: 'write', topic: 'posts' }, () => Promise.resolve('yes'))).resolves.toBe('yes');
  });

  it('lets a limited number wait', async () => {
    const { outcomes, start, end } = traffic(new AdmissionQueue(2));
    start('read', 2 + 100);
    await end(0);
    expect(outcomes).toEqual([]);
    start('read');
    await end(0);
    expect(outcomes).toEqual(['unavailable']);
  });

  it('lets no topic have more than four fifths of the connections, nor its writers more than half', async () => {
    const { under, outcomes, start, end } = traffic(new AdmissionQueue(9));
    start('write', 20, 'posts');
    expect(under).toHaveLength(5);
    start('read', 20, 'posts');
    expect(under).toHaveLength(7);
    start('write', 1, 'users');
    start('read', 1, 'users');
    expect(under.filter(({ topic }) => topic === 'users')).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(400); // nothing of posts ends
    expect(outcomes).toEqual(Array(33).fill('unavailable'));
    await end(100);
  });

  it('lets writers of one topic that are stuck leave a connection to others that are recorded as well', () => {
    const { under, start } = traffic(new AdmissionQueue(9));
    start('write', 20, 'users+audit_events');
    expect(under).toHaveLength(5);
    start('write', 20, 'sessions+audit_events');
    expect(under).toHaveLength(6);
    start('write', 1, 'tasks');
    expect(under).toHaveLength(7);
  });

  it('takes other topics for no sign that a topic moves', async () => {
    const { under, outcomes, start } = traffic(new AdmissionQueue(9));
    start('write', 6, 'posts');
    for (let i = 0; i < 8; i++) {
      start('write', 1, 'users');
      under.pop()?.end();
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(1);
  });

  it('turns away who waits behind a statement that found its table locked, and nobody else', async () => {
    const queue = new AdmissionQueue(5);
    const { outcomes, start, end } = traffic(queue);
    start('write', 5, 'posts');
    start('write', 5, 'users');
    await jest.advanceTimersByTimeAsync(100);
    queue.lockTimedOut({ kind: 'write', topic: 'posts+audit_events' });
    await jest.advanceTimersByTimeAsync(0);
    expect(outcomes).toEqual(['unavailable', 'unavailable']);
    for (let i = 0; i < 9; i++) await end();
    expect(outcomes.filter((outcome) => outcome === 'write')).toHaveLength(8);
  });
});
