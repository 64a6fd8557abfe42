import { rfc3986, rfc3986Path } from '../rfc3986.ts';
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
 * Signs a request with SDK-HMAC-SHA256, the scheme of Huawei Cloud's API gateway. Signs every header given besides accept and
 * user-agent. Source: "API request signing guide", signing algorithm (November 2026), its published vector, and requests
 * recorded from the official SDK.
 */
export function signSdkHmac(
  parts: SigningParts,
  credentials: Credentials,
  options: { readonly nowMs: number },
): SignedHeaders {
  const date = new Date(options.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const token = credentials.securityToken;
  const headers = {
    ...parts.headers,
    'x-sdk-date': date,
    ...(token === undefined ? {} : { 'x-security-token': token }),
  };
  const signed = headersToSign(headers, (name) => !UNSIGNED.has(name));
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    parts.method,
    // Ends in a slash for the signature, though not on the wire.
    `${rfc3986Path(parts.path)}${parts.path.endsWith('/') ? '' : '/'}`,
    byName(parts.query)
      .map(([name, value]) => `${rfc3986(name)}=${rfc3986(value)}`)
      .join('&'),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256Hex(parts.body),
  ].join('\n');
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256Hex(canonical)}`;
  const signature = hmacSha256(credentials.accessKeySecret, text).toString('hex');
  return {
    ...headers,
    authorization: `SDK-HMAC-SHA256 Access=${credentials.accessKeyId}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Proxies change or drop these on the way. */
const UNSIGNED: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'user-agent']);
