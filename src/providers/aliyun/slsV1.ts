import { createHash, createHmac } from 'node:crypto';
import {
  byName,
  headersToSign,
  type Credentials,
  type SignedHeaders,
  type SigningParts,
} from '../signing.ts';

/** Named to the service by the header x-log-signaturemethod. */
export type SlsV1Algorithm = 'hmac-sha256' | 'hmac-sha1';

/**
 * Signs a request with SLS signature version 1; the host is not signed. Query values are signed raw, which is why no SQL
 * can break it. HMAC-SHA1 is what the page documents, HMAC-SHA256 what the official Node SDK sends.
 * Source: request-signatures page of SLS (November 2026) and requests recorded from the official SDKs.
 */
export function signSlsV1(
  parts: SigningParts,
  credentials: Credentials,
  options: { readonly nowMs: number; readonly algorithm: SlsV1Algorithm },
): SignedHeaders {
  const token = credentials.securityToken;
  const headers = {
    ...parts.headers,
    date: new Date(options.nowMs).toUTCString(),
    'content-md5': parts.body === '' ? '' : md5Hex(parts.body).toUpperCase(),
    'x-log-signaturemethod': options.algorithm,
    ...(token === undefined ? {} : { 'x-acs-security-token': token }),
  };
  const signature = createHmac(
    options.algorithm === 'hmac-sha1' ? 'sha1' : 'sha256',
    credentials.accessKeySecret,
  )
    .update(textToSign({ ...parts, headers }), 'utf8')
    .digest('base64');
  return { ...headers, authorization: `LOG ${credentials.accessKeyId}:${signature}` };
}

function textToSign({ method, path, query, headers }: SigningParts): string {
  const signed = headersToSign(headers, (name) => /^x-(?:log|acs)-/.test(name));
  const pairs = byName(query).map(([name, value]) => `${name}=${value}`);
  return [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers['date'] ?? '',
    ...signed.map(([name, value]) => `${name}:${value}`),
    pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
  ].join('\n');
}

function md5Hex(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}
