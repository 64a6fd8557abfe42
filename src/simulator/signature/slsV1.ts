import { createHash, createHmac } from 'node:crypto';
import type { SimulatedRequest } from '../request.ts';
import type { SignatureClaim } from './claim.ts';

const AUTHORIZATION = /^LOG ([^\s:]+):(\S+)$/;
const ALGORITHMS: Readonly<Record<string, string>> = {
  'hmac-sha1': 'sha1',
  'hmac-sha256': 'sha256',
};

/**
 * Reads an SLS v1 signature, `Authorization: LOG <key>:<base64>` (SLS request-signatures page): HMAC-SHA1 or HMAC-SHA256, named by
 * x-log-signaturemethod.
 * @returns null when the request carries no well-formed v1 signature
 */
export function readSlsV1(request: SimulatedRequest): SignatureClaim | null {
  const { headers, body } = request;
  const parts = AUTHORIZATION.exec(headers['authorization'] ?? '');
  const algorithm = ALGORITHMS[headers['x-log-signaturemethod'] ?? ''];
  const [, accessKeyId, signature] = parts ?? [];
  if (accessKeyId === undefined || signature === undefined || algorithm === undefined) return null;

  const dateText = headers['date'] ?? headers['x-log-date'] ?? '';
  const signedAtMs = Date.parse(dateText);
  const bodyIsCovered = (headers['content-md5'] ?? '') === contentMd5(body);
  return {
    accessKeyId,
    signedAtMs: Number.isNaN(signedAtMs) ? null : signedAtMs,
    signature,
    expected: (secret) =>
      bodyIsCovered
        ? headerVariants(headers).map((signedHeaders) =>
            createHmac(algorithm, secret)
              .update(stringToSign(request, signedHeaders))
              .digest('base64'),
          )
        : [],
  };
}

/** Upper-case hex MD5 of the body, empty without a body. */
function contentMd5(body: Buffer): string {
  return body.length === 0 ? '' : createHash('md5').update(body).digest('hex').toUpperCase();
}

/** One official SDK adds x-log-date after it signed with Date: then that header is not part of what was signed. */
function headerVariants(
  headers: Readonly<Record<string, string>>,
): readonly (readonly [string, string][])[] {
  const signed = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-log-') || name.startsWith('x-acs-'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const sameTimeTwice =
    headers['date'] !== undefined &&
    Date.parse(headers['x-log-date'] ?? '') === Date.parse(headers['date']);
  return sameTimeTwice ? [signed, signed.filter(([name]) => name !== 'x-log-date')] : [signed];
}

function stringToSign(
  request: SimulatedRequest,
  signedHeaders: readonly (readonly [string, string])[],
): string {
  const { method, path, query, headers } = request;
  const pairs = [...query].sort(([a], [b]) => (a < b ? -1 : 1));
  const resource =
    pairs.length === 0 ? path : `${path}?${pairs.map(([k, v]) => `${k}=${v}`).join('&')}`;
  return [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers['date'] ?? '',
    ...signedHeaders.map(([name, value]) => `${name}:${value.trim()}`),
    resource,
  ].join('\n');
}
