/** Milliseconds. */
const LONGEST_WAIT = 30_000;
const LINGER = 100;

/**
 * Does work while no other tab of this origin does work of the same name. Where there are no Web Locks (plain http, old
 * browsers), or a tab sits on its lock for 30 s, it is done all the same: the server lets two tabs refresh at once.
 */
export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve) => {
    let begun = false;
    const once = async () => {
      begun = true;
      const done = work();
      resolve(done);
      await done.then(linger, () => undefined);
    };
    const locks = globalThis.navigator?.locks as LockManager | undefined;
    const turn = locks?.request(name, { signal: AbortSignal.timeout(LONGEST_WAIT) }, once) ?? once();
    turn.catch(() => {
      if (!begun) void once();
    });
  });
}

/** What one tab writes to localStorage reaches the others after the lock does: keep it a moment longer. */
const linger = () => new Promise((resolve) => setTimeout(resolve, LINGER));
