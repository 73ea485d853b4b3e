/** Links of mails: `/verify-email#token=…`. Their paths become pages here, and their tokens leave the address at once. */

/** Pages that mails, and providers, lead to. */
const PATHS = [
  'verify-email',
  'reset-password',
  'confirm-email-change',
  'revert-email-change',
  'accept-invitation',
  'restore-account',
  'signed-in',
];

interface Arrival {
  token?: string;
  address?: string;
}

/** Takes what the address brings; it stays with the entry in the history, so that a reload still has it. */
export function arrive(): void {
  const page = PATHS.find((path) => location.pathname === `/${path}`);
  if (!page) return;
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  const arrival: Arrival = { address: location.href, ...(token && { token }) };
  history.replaceState(arrival, '', `/#/${page}`);
}

const arrival = (): Arrival => (history.state ?? {}) as Arrival;

/** The token of the link that somebody came by. */
export const linkToken = (): string | undefined => arrival().token;

/** The whole address that a provider sent somebody back to; it is good once. */
export function takeAddress(): string | undefined {
  const { address } = arrival();
  history.replaceState(null, '');
  return address;
}
