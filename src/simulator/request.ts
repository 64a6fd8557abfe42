import { isIP } from 'node:net';

/** A request as it came over the wire, read but not judged. */
export interface SimulatedRequest {
  readonly method: string;
  /** As sent, still percent-encoded. */
  readonly rawPath: string;
  /** Percent-decoded. */
  readonly path: string;
  /** Percent-decoded; a key that is sent twice keeps its last value. */
  readonly query: ReadonlyMap<string, string>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @returns null when the target is not decodable (a lone `%`, bytes that are not UTF-8) */
export function readRequest(sent: {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}): SimulatedRequest | null {
  const mark = sent.target.indexOf('?');
  const rawPath = mark < 0 ? sent.target : sent.target.slice(0, mark);
  const rawQuery = mark < 0 ? '' : sent.target.slice(mark + 1);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(sent.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  try {
    const path = decodeURIComponent(rawPath);
    return {
      method: sent.method,
      rawPath,
      path,
      query: readQuery(rawQuery),
      headers,
      body: sent.body,
    };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/**
 * The project an SLS request is for: the first label of the Host header.
 * @returns null when the host is an address, or a single name without labels
 */
export function projectOf(host: string | undefined): string | null {
  const name = (host ?? '').replace(/:\d+$/, '');
  const dot = name.indexOf('.');
  if (dot <= 0 || isIP(name) !== 0 || name.startsWith('[')) return null;
  return name.slice(0, dot);
}

function readQuery(raw: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of raw.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    query.set(decodeField(key), equals < 0 ? '' : decodeField(pair.slice(equals + 1)));
  }
  return query;
}

/** A plus sign is a blank in a query, as form encoding has it: a client that leaves `+` raw is found out. */
function decodeField(text: string): string {
  return decodeURIComponent(text.replaceAll('+', '%20'));
}
