import { createHash, createHmac } from 'node:crypto';
import type { SimulatedRequest } from '../request.ts';
import type { SignatureClaim } from './claim.ts';

const AUTHORIZATION =
  /^ACS3-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const ACS_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ALWAYS_SIGNED = [
  'host',
  'x-acs-action',
  'x-acs-version',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-content-sha256',
];

/** An ACS3 claim. `nonce`: empty when the request carries none. */
interface Acs3Claim extends SignatureClaim {
  readonly nonce: string;
}

/**
 * Reads an ACS3-HMAC-SHA256 signature, as OOS, ActionTrail and the other OpenAPI products have it (V3 request structure page). Every
 * x-acs-* header, Host, and a Content-Type that is there must be signed, and the body must be the one that was hashed.
 * @returns null when the request carries no well-formed ACS3 signature
 */
export function readAcs3(request: SimulatedRequest): Acs3Claim | null {
  const { headers, body } = request;
  const [, accessKeyId, names, signature] =
    AUTHORIZATION.exec(headers['authorization'] ?? '') ?? [];
  if (accessKeyId === undefined || names === undefined || signature === undefined) return null;

  const date = headers['x-acs-date'] ?? '';
  const signedAtMs = ACS_DATE.test(date) ? Date.parse(date) : NaN;
  const bodyHash = sha256Hex(body);
  const isWhole =
    headers['x-acs-content-sha256'] === bodyHash && coversRequest(headers, names.split(';'));
  return {
    accessKeyId,
    signedAtMs: Number.isNaN(signedAtMs) ? null : signedAtMs,
    signature,
    nonce: headers['x-acs-signature-nonce'] ?? '',
    expected: (secret) => {
      if (!isWhole) return [];
      const canonical = [
        request.method,
        request.rawPath,
        canonicalQuery(request),
        ...names.split(';').map((name) => `${name}:${(headers[name] ?? '').trim()}`),
        '',
        names,
        bodyHash,
      ].join('\n');
      const text = `ACS3-HMAC-SHA256\n${sha256Hex(canonical)}`;
      return [createHmac('sha256', secret).update(text).digest('hex')];
    },
  };
}

/** True when what has to be signed is in the list, and the list is in order and names nothing that was not sent. */
function coversRequest(
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): boolean {
  const due = Object.keys(headers).filter(
    (name) => name.startsWith('x-acs-') || name === 'content-type',
  );
  const inOrder = names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);
  return (
    inOrder &&
    names.every((name) => headers[name] !== undefined) &&
    [...ALWAYS_SIGNED, ...due].every((name) => names.includes(name))
  );
}

function canonicalQuery(request: SimulatedRequest): string {
  return [...request.query]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

/** Everything outside the unreserved characters of RFC 3986, byte by byte. */
function encode(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
