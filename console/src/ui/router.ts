import { useEffect, useState } from 'preact/hooks';

/** Where in the console somebody is: `#/users/{id}/sessions?state=…`. */
export interface Route {
  path: string[];
  query: URLSearchParams;
}

/** Members of a query; what is empty or undefined is left out. */
export type Query = Record<string, string | number | undefined>;

const read = (): Route => {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
};

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}

/** The route, kept up to date. */
export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = () => setRoute(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/** The address of a page of the console. */
export function href(path: string[], query: Query = {}): string {
  const members = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(members.map(([name, value]) => [name, String(value)])).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

/** Goes to another page. */
export const go = (address: string) => void (location.hash = address);

/** The address of this page with other members of the query; `undefined` takes one away. */
export function withQuery({ path, query }: Route, changes: Query): string {
  return href(path, { ...Object.fromEntries(query), ...changes });
}

/** Puts this page in the place of the one before, so that Back doesn't lead through every letter of a search. */
export const replace = (address: string) => location.replace(address);

/** After going somewhere: the title of the window says where, and who uses a keyboard or listens begins at its heading. */
export function arrive(): void {
  const heading = document.querySelector('h1');
  if (!heading) return;
  document.title = `${heading.textContent} · UserHub`;
  if (!document.querySelector('main :focus, dialog :focus')) heading.focus();
}
