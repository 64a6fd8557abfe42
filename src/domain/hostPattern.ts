/** An entry of `downloads.allowedHosts`: hosts that files may be fetched from. */
export type HostPattern =
  /** One host, by its exact name. `port` null: any. */
  | { readonly kind: 'named'; readonly host: string; readonly port: number | null }
  /** Every host below a domain, at any depth; the domain itself is none of them. */
  | { readonly kind: 'below'; readonly domain: string };

/** What an entry must look like, for messages. */
export const HOST_PATTERN_RULE =
  'must be a host (oss.example.com, 10.1.2.3, [fd00::1]), with a port if only that one is meant, or all hosts below a domain of two names or more (*.aliyuncs.com)';

const NAMED = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)(?::(\d{1,5}))?$/;
const BELOW = /^\*\.([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)$/;

/**
 * Reads an entry; upper case does not count. An address must stand there as addresses are written, `127.0.0.1` and not
 * `2130706433`, since that is how links are compared.
 * @returns null when it is none: see HOST_PATTERN_RULE
 */
export function parseHostPattern(text: string): HostPattern | null {
  const entry = text.toLowerCase();
  const [, domain] = BELOW.exec(entry) ?? [];
  if (domain !== undefined) {
    return isWrittenOut(`any.${domain}`) ? { kind: 'below', domain } : null;
  }
  const [, host, portText] = NAMED.exec(entry) ?? [];
  if (host === undefined || !isWrittenOut(host)) return null;
  const port = portText === undefined ? null : Number(portText);
  return port !== null && (port < 1 || port > 65_535) ? null : { kind: 'named', host, port };
}

/** A host that files may be fetched from, as a link names it. */
export interface LinkHost {
  /** As URLs write it: lower case, IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

/** How a host is allowed: by its name, as one below a domain, or not. By name goes before. */
export function allowanceOf(
  { host, port }: LinkHost,
  patterns: readonly HostPattern[],
): 'named' | 'below' | null {
  const isNamed = patterns.some(
    (pattern) =>
      pattern.kind === 'named' &&
      pattern.host === host &&
      (pattern.port === null || pattern.port === port),
  );
  if (isNamed) return 'named';
  const isBelow = patterns.some(
    (pattern) => pattern.kind === 'below' && host.endsWith(`.${pattern.domain}`),
  );
  return isBelow ? 'below' : null;
}

/** True for a host that a URL writes in the same way. */
function isWrittenOut(host: string): boolean {
  const link = `http://${host}/`;
  const isEveryLabelFilled = host.startsWith('[') || !host.split('.').includes('');
  return isEveryLabelFilled && URL.canParse(link) && new URL(link).hostname === host;
}
