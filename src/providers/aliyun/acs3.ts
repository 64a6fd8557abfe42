import { rfc3986 } from '../rfc3986.ts';
import {
  byName,
  headersToSign,
  hmacSha256,
  sha256Hex,
  type Credentials,
  type SignedHeaders,
  type SigningParts,
} from '../signing.ts';

/**
 * Signs a request of OOS, ActionTrail and other OpenAPI products with ACS3-HMAC-SHA256. The nonce must be new for every
 * try. Source: V3 request structure and signature page (November 2026) and requests recorded from the official SDKs.
 */
export function signAcs3(
  parts: SigningParts,
  credentials: Credentials,
  options: {
    readonly nowMs: number;
    readonly nonce: string;
    readonly action: string;
    /** Of the API, a date: `2019-06-01`. */
    readonly version: string;
  },
): SignedHeaders {
  const bodyHash = sha256Hex(parts.body);
  const token = credentials.securityToken;
  const headers = {
    ...parts.headers,
    'x-acs-action': options.action,
    'x-acs-version': options.version,
    'x-acs-date': new Date(options.nowMs).toISOString().replace(/\.\d{3}/, ''),
    'x-acs-signature-nonce': options.nonce,
    'x-acs-content-sha256': bodyHash,
    ...(token === undefined
      ? {}
      : { 'x-acs-accesskey-id': credentials.accessKeyId, 'x-acs-security-token': token }),
  };
  const signed = headersToSign(
    headers,
    (name) => name === 'host' || name === 'content-type' || name.startsWith('x-acs-'),
  );
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    parts.method,
    parts.path,
    byName(parts.query)
      .map(([name, value]) => `${rfc3986(name)}=${rfc3986(value)}`)
      .join('&'),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const text = `ACS3-HMAC-SHA256\n${sha256Hex(canonical)}`;
  const signature = hmacSha256(credentials.accessKeySecret, text).toString('hex');
  return {
    ...headers,
    authorization: `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},SignedHeaders=${names},Signature=${signature}`,
  };
}
