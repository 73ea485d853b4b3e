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
 */
export function browserStorage(key = 'userhub.tokens'): TokenStorage {
  return {
    get: () => read(localStorage.getItem(key)),
    set: (tokens) => (tokens ? localStorage.setItem(key, JSON.stringify(tokens)) : localStorage.removeItem(key)),
    subscribe: (changed) =>
      addEventListener('storage', (event) => {
        if (event.key === key) changed(read(event.newValue), read(event.oldValue));
      }),
  };
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
