import { createHash, createHmac } from 'node:crypto';
import type { SimulatedRequest } from '../request.ts';

/** What an SDK-HMAC-SHA256 request claims, and the signature it would need to carry. */
export interface SdkHmacClaim {
  readonly accessKeyId: string;
  readonly signature: string;
  /** null when X-Sdk-Date is absent or unreadable. */
  readonly signedAtMs: number | null;
  /** Names of the signed headers. */
  readonly signed: ReadonlySet<string>;
  readonly expected: (secretKey: string) => string;
}

/**
 * Reads the claim of a request. Written from the signing guide of the API gateway, and shared with no signer.
 * @returns null when there is no such Authorization header
 */
export function readSdkHmac(request: SimulatedRequest): SdkHmacClaim | null {
  const [, accessKeyId, names, signature] =
    /^SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers['authorization'] ?? '',
    ) ?? [];
  if (accessKeyId === undefined || names === undefined || signature === undefined) return null;
  const date = request.headers['x-sdk-date'] ?? '';
  const signedNames = names.split(';');
  return {
    accessKeyId,
    signature,
    signedAtMs: timeOf(date),
    signed: new Set(signedNames),
    expected: (secretKey) => {
      const text = ['SDK-HMAC-SHA256', date, sha256(canonical(request, signedNames))].join('\n');
      return createHmac('sha256', secretKey).update(text).digest('hex');
    },
  };
}

function canonical(request: SimulatedRequest, signedNames: readonly string[]): string {
  const segments = request.path.split('/').map(encode);
  if (segments.at(-1) !== '') segments.push('');
  const query = [...request.query]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join('&');
  const headers = signedNames.map((name) => `${name}:${(request.headers[name] ?? '').trim()}\n`);
  const payload = request.headers['x-sdk-content-sha256'] ?? sha256(request.body);
  const head = [request.method, segments.join('/'), query];
  return [...head, headers.join(''), signedNames.join(';'), payload].join('\n');
}

/** Letters, digits, `-_.~` stay; the rest becomes %XX of its UTF-8 bytes. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function timeOf(date: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
