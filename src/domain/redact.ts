/** What stands where something secret stood. */
const WITHHELD = '[withheld]';

/**
 * Order matters: whole headers first, then values by their name, then shapes. Every pattern takes time in proportion to
 * the text: where a long run of characters may precede what decides, a lookbehind lets a match start at the run only.
 */
const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/(\bauthorization["']?\s*[:=])[^\r\n]*/gi, `$1 ${WITHHELD}`],
  [/\bLOG\s+[\w.-]+:[\w+/=-]+/g, `LOG ${WITHHELD}`],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${WITHHELD}`],
  [
    /(?<![a-z])((?:oss)?access[-_]?key(?:[-_]?(?:id|secret))?|(?:x-(?:acs|oss)-)?security[-_]?token|x-acs-accesskey-id|x-oss-(?:credential|signature)|credential|signature|password|secret(?:[-_]?key)?|token)(["']?\s*[:=]\s*["']?)[^\s,;&"'<>}]+/gi,
    `$1$2${WITHHELD}`,
  ],
  // Key ids of Alibaba Cloud: long-lived and temporary.
  [/\bLTAI\w{8,}/g, WITHHELD],
  [/\bSTS\.\w{8,}/g, WITHHELD],
  // Signatures, tokens and hashes without a name: padded base64, 64 hex digits, long runs of mixed case and digits.
  [/(?<![\w+/])[\w+/]{22,}={1,2}/g, WITHHELD],
  [/\b[0-9a-f]{64}\b/gi, WITHHELD],
  [/(?<![\w+/=-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)[\w+/=-]{40,}/g, WITHHELD],
];

/**
 * Withholds what looks like a key, signature, token, password or the query of a link. Text without any of these comes
 * back unchanged. Errs on the side of withholding: it is for messages and log lines, never for stored data.
 */
export function redact(text: string): string {
  const withoutUrlSecrets = text.replace(AFTER_SCHEME, (rest, offset: number) => {
    const isWeb = /https?$/i.test(text.slice(Math.max(0, offset - 5), offset));
    return `://${isWeb ? redactLink(rest.slice(3)) : redactLogin(rest.slice(3))}`;
  });
  return SECRETS.reduce((kept, [pattern, by]) => kept.replace(pattern, by), withoutUrlSecrets);
}

const AFTER_SCHEME = /:\/\/[^\s"'<>]+/g;

/** Who has the query of a pre-signed link can read the file until it expires. */
function redactLink(link: string): string {
  const [address = '', ...query] = link.split('?');
  const pathAt = address.indexOf('/');
  const host = pathAt === -1 ? address : address.slice(0, pathAt);
  const path = address.slice(host.length);
  return `${redactLogin(host)}${path}${query.length === 0 ? '' : `?${WITHHELD}`}`;
}

/** `user:password@host` of a database or queue; the password may hold any character, also `/` and `@`. */
function redactLogin(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address : `${WITHHELD}${address.slice(at)}`;
}

/** More than this of a foreign text is not even looked at. Characters. */
const READ_CHARACTERS_MAX = 4_096;
const QUOTE_CHARACTERS_MAX = 200;

/** A foreign text fit for one of our messages: redacted, on one line, at most 200 characters. */
export function quoted(text: string): string {
  const line = redact(text.slice(0, READ_CHARACTERS_MAX))
    .replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ')
    .trim();
  return line.length <= QUOTE_CHARACTERS_MAX ? line : `${line.slice(0, QUOTE_CHARACTERS_MAX - 1)}…`;
}
