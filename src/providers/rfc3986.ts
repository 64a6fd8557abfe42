/**
 * Percent-encodes everything outside the unreserved characters of RFC 3986 (letters, digits, `-._~`), as UTF-8 with
 * upper-case hex. Stricter than encodeURIComponent, which leaves `!'()*` and throws on a lone surrogate (here: U+FFFD, as
 * it goes on the wire). The official Node SDK's v4 gets this wrong for most SQL.
 */
export function rfc3986(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    encoded += UNRESERVED.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** Encodes each segment of a path and keeps the slashes. */
export function rfc3986Path(path: string): string {
  return path.split('/').map(rfc3986).join('/');
}

/** `a=1&b=` in the order given; an empty record gives an empty text. */
export function rfc3986Query(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${rfc3986(name)}=${rfc3986(value)}`)
    .join('&');
}
