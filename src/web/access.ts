import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopbackHost } from '../domain/loopbackHost.ts';
import { WebError } from './webError.ts';

/** Who may ask, and under which name this server is known. */
export interface WebAddress {
  readonly host: string;
  readonly username: string;
  /** null: no password, allowed on loopback only. */
  readonly password: string | null;
}

/** @throws WebError when the server would be open to the network without a password */
export function requirePassword({ host, password }: WebAddress): void {
  if ((password !== null && password !== '') || isLoopbackHost(host)) return;
  throw new WebError(
    `web.host ${host} is reachable from other machines: set web.password (LOGFERRY_WEB_PASSWORD), or keep web.host 127.0.0.1`,
  );
}

/** True for the right name and password. Takes the same time whatever is wrong. */
export function isOperator(
  given: { readonly username: string; readonly password: string },
  address: WebAddress,
): boolean {
  const usernameFits = sameText(given.username, address.username);
  const passwordFits = sameText(given.password, address.password ?? '');
  return usernameFits && passwordFits;
}

/**
 * True when a request may be answered at all. Refused: a change asked for by another site's page, and, where no password protects the
 * server, a request under a foreign host name (a page that resolves its own name to 127.0.0.1 would otherwise read the dashboard).
 */
export function isOwnRequest(
  request: {
    readonly method: string;
    /** The Host header. */
    readonly host: string | undefined;
    /** The Sec-Fetch-Site header, which every browser sends. */
    readonly fetchSite: string | undefined;
  },
  { password }: WebAddress,
): boolean {
  const { method, host = '', fetchSite = 'none' } = request;
  const reads = method === 'GET' || method === 'HEAD';
  if (!reads && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  return (password !== null && password !== '') || isLoopbackHost(host.replace(/:\d+$/, ''));
}

/** Hashed first: equal lengths for timingSafeEqual, and no length to measure. */
function sameText(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
