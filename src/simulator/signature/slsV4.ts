import { createHash, createHmac } from 'node:crypto';
import type { SimulatedRequest } from '../request.ts';
import type { SignatureClaim } from './claim.ts';

const AUTHORIZATION =
  /^SLS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/sls\/aliyun_v4_request, ?Signature=([0-9a-f]{64})$/;
const LOG_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Reads an SLS v4 signature (SLS request-signature-v4 page). Neither Date nor x-log-signaturemethod is demanded: the SDKs send neither.
 * @returns null when the request carries no well-formed v4 signature
 */
export function readSlsV4(request: SimulatedRequest, region: string): SignatureClaim | null {
  const { headers, body } = request;
  const parts = AUTHORIZATION.exec(headers['authorization'] ?? '');
  const [, accessKeyId, day, claimedRegion, signature] = parts ?? [];
  if (
    accessKeyId === undefined ||
    day === undefined ||
    claimedRegion === undefined ||
    signature === undefined
  ) {
    return null;
  }
  const logDate = headers['x-log-date'] ?? '';
  const coversThisRequest =
    claimedRegion === region &&
    logDate.startsWith(day) &&
    headers['x-log-content-sha256'] === sha256Hex(body);
  return {
    accessKeyId,
    signedAtMs: logDateMs(logDate),
    signature,
    expected: (secret) => {
      if (!coversThisRequest) return [];
      const scope = `${day}/${region}/sls/aliyun_v4_request`;
      const key = ['sls', 'aliyun_v4_request'].reduce(
        (derived, part) => hmac(derived, part),
        hmac(hmac(Buffer.from(`aliyun_v4${secret}`), day), region),
      );
      return canonicalRequests(request).map((canonical) =>
        hmac(key, ['SLS4-HMAC-SHA256', logDate, scope, sha256Hex(canonical)].join('\n')).toString(
          'hex',
        ),
      );
    },
  };
}

/**
 * RFC 3986 first; then the encoding of the official Node SDK, which leaves `'()!` and every `*` but the first raw (a bug,
 * measured with @alicloud/darabonba-encode-util 0.0.2). Whether the service accepts the second is unknown; it is accepted so that this SDK can be
 * pointed here. A path that needs encoding is tried as sent and decoded: which one is signed is unknown.
 */
function canonicalRequests(request: SimulatedRequest): readonly string[] {
  const headerLines = Object.entries(request.headers)
    .filter(([name]) => /^(?:x-log-|x-acs-|host$|content-type$)/.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const paths = [...new Set([request.rawPath, request.path])];
  const queries = [...new Set([strictEncode, quirkEncode].map((e) => queryText(request, e)))];
  return paths.flatMap((path) =>
    queries.map((query) =>
      [
        request.method,
        path,
        query,
        headerLines.map(([name, value]) => `${name}:${value.trim()}\n`).join(''),
        headerLines.map(([name]) => name).join(';'),
        sha256Hex(request.body),
      ].join('\n'),
    ),
  );
}

function queryText(request: SimulatedRequest, encode: (text: string) => string): string {
  return [...request.query]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => (value === '' ? key : `${key}=${encode(value)}`))
    .join('&');
}

function strictEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function quirkEncode(text: string): string {
  return encodeURIComponent(text).replace('*', '%2A');
}

function logDateMs(text: string): number | null {
  const parts = LOG_DATE.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1);
  const ms = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  return Number.isNaN(ms) ? null : ms;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
