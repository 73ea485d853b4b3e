/** What a signed-in client holds. Times are milliseconds since 1970 by the clock of this machine. */
export interface Tokens {
  /** Which sign-in they come from; made up by the client, and the same after every refresh. */
  session: string;
  access_token: string;
  refresh_token: string;
  /** From when on to refresh. */
  refresh_at: number;
  /** When the access token expires. */
  expires_at: number;
}

/** Where tokens are kept. Methods may be synchronous or not. */
export interface TokenStorage {
  get(): Tokens | null | Promise<Tokens | null>;
  /** Keeps these tokens in place of all others; null: none. */
  set(tokens: Tokens | null): void | Promise<void>;
  /** Calls back whenever somebody else, such as another tab, has changed the tokens from `before` to `now`. */
  subscribe?(changed: (now: Tokens | null, before: Tokens | null) => void): void;
}

/** Keeps tokens for as long as the page or process lives. */
export function memoryStorage(): TokenStorage {
  let tokens: Tokens | null = null;
  return {
    get: () => tokens,
    set: (next) => void (tokens = next),
  };
}

/**
 * Keeps tokens in `localStorage` under this key: they survive a reload, and all tabs share them. So does every script
 * that runs on the page: serve a strict Content-Security-Policy.
 *
 * Where a page is rendered on a server there is nobody whose tokens these could be: nothing is read and nothing is kept,
 * lest one visitor get another's. Where a browser forbids `localStorage`, they are kept in memory.
 */
export function browserStorage(key = 'userhub.tokens'): TokenStorage {
  const storage = permittedStorage();
  if (storage === null) return memoryStorage();
  if (storage === undefined) return { get: () => null, set: () => undefined };
  let last: Tokens | null = null; // `clear()` elsewhere doesn't say what there was
  const seen = (tokens: Tokens | null) => (last = tokens);
  return {
    get: () => seen(read(storage.getItem(key))),
    set: (tokens) => {
      seen(tokens);
      if (tokens) storage.setItem(key, JSON.stringify(tokens));
      else storage.removeItem(key);
    },
    subscribe: (changed) => {
      seen(read(storage.getItem(key)));
      addEventListener('storage', (event) => {
        if (event.storageArea !== storage || (event.key !== key && event.key !== null)) return;
        const before = event.key === null ? last : read(event.oldValue);
        changed(seen(read(event.newValue)), before);
      });
    },
  };
}

/** Undefined where there is no page, null where the browser forbids it. Not asked by its name alone: Node has one as well. */
function permittedStorage(): Storage | null | undefined {
  if (typeof window === 'undefined') return undefined;
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** What isn't tokens counts as none: people and other programs write there too. */
function read(text: string | null): Tokens | null {
  try {
    const tokens = JSON.parse(text ?? 'null') as Tokens | null;
    return typeof tokens?.access_token === 'string' && typeof tokens.refresh_token === 'string' ? tokens : null;
  } catch {
    return null;
  }
}
