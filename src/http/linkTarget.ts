import { allowanceOf, type HostPattern } from '../domain/hostPattern.ts';
import { LinkError } from '../engine/linkPort.ts';
import { classOfAddress, isAddress } from './addressClass.ts';

/** Where a link leads, judged: its host may be asked. Holds the link, so it goes into no message. */
export interface LinkTarget {
  readonly url: URL;
  /** Allowed by its own name, and not as one below a domain: then it may have a private address. */
  readonly isNamed: boolean;
}

/**
 * Judges a link before anything is resolved or sent.
 * @throws LinkError: not_a_link, host_refused
 */
export function targetOf(link: string, allowedHosts: readonly HostPattern[]): LinkTarget {
  if (!URL.canParse(link)) {
    throw new LinkError('not_a_link', 'there is no link that could be fetched from');
  }
  return judged(new URL(link), allowedHosts);
}

/**
 * Judges where an answer sends on to, as if it were the link itself; never from https to http.
 * @throws LinkError: host_refused, refused
 */
export function redirectedTo(
  from: LinkTarget,
  location: string | undefined,
  allowedHosts: readonly HostPattern[],
): LinkTarget {
  const host = hostOf(from);
  if (location === undefined || !URL.canParse(location, from.url.href)) {
    throw new LinkError('refused', `${host} redirects, and does not say where to`);
  }
  const url = new URL(location, from.url.href);
  if (from.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new LinkError('refused', `${host} redirects from https to http, which is not followed`);
  }
  return judged(url, allowedHosts);
}

/** As messages name it: `bucket.oss-cn-hangzhou.aliyuncs.com`, with its port where that is not the default. */
export function hostOf({ url }: Pick<LinkTarget, 'url'>): string {
  return url.host;
}

const DEFAULT_PORTS = new Map([
  ['https:', 443],
  ['http:', 80],
]);

function judged(url: URL, allowedHosts: readonly HostPattern[]): LinkTarget {
  const defaultPort = DEFAULT_PORTS.get(url.protocol);
  if (defaultPort === undefined) {
    throw new LinkError('not_a_link', 'the link is not one of https');
  }
  const host = hostOf({ url });
  if (url.username !== '' || url.password !== '') {
    throw new LinkError('not_a_link', `the link to ${host} has a user name or password in it`);
  }
  const port = url.port === '' ? defaultPort : Number(url.port);
  const allowance = allowanceOf({ host: url.hostname, port }, allowedHosts);
  if (allowance === null) throw hostRefused(host, 'is not in downloads.allowedHosts');
  const isNamed = allowance === 'named';
  if (!isNamed && url.protocol === 'http:') {
    throw hostRefused(host, 'is fetched from without TLS only when it is named itself');
  }
  if (!isNamed && port !== defaultPort) {
    throw hostRefused(host, 'is fetched from at another port only when it is named itself');
  }
  if (isAddress(url.hostname) && classOfAddress(url.hostname) === 'metadata') {
    throw hostRefused(host, 'is an address of the machine itself, which is never fetched from');
  }
  return { url, isNamed };
}

function hostRefused(host: string, why: string): LinkError {
  return new LinkError(
    'host_refused',
    `the link leads to ${host}, which ${why}; see downloads.allowedHosts in logferry.yaml`,
  );
}
