const LONGEST_WAIT = 30_000;

/**
 * Does work while no other tab of this origin does work of the same name. Where there are no Web Locks (plain http, old
 * browsers), or a tab sits on its lock for 30 s, it is done all the same: the server lets two tabs refresh at once.
 */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  let begun = false;
  const once = () => {
    begun = true;
    return work();
  };
  try {
    return await (locks?.request(name, { signal: AbortSignal.timeout(LONGEST_WAIT) }, once) ?? once());
  } catch (error) {
    if (begun) throw error;
    return work();
  }
}
