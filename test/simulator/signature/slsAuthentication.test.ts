import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { SimulatedRequest } from '../../../src/simulator/request.ts';
import { readRequest } from '../../../src/simulator/request.ts';
import { refuseSls } from '../../../src/simulator/signature/slsAuthentication.ts';

interface Recorded {
  readonly id: string;
  readonly signing: {
    readonly scheme: string;
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string | null;
  };
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const RECORDED_AT_MS = Date.parse('2026-11-22T13:15:49Z');
const MINUTE_MS = 60_000;
const file = new URL('../../fixtures/captured-requests.json', import.meta.url);
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as readonly Recorded[]).filter((entry) =>
  entry.signing.scheme.startsWith('sls-'),
);
const byId = (id: string): Recorded => recorded.find((entry) => entry.id === id)!;

/** The refusal's error code, or null when the request is believed. */
function verdict(
  entry: Recorded,
  changes: {
    readonly request?: Partial<Pick<Recorded, 'method' | 'url' | 'headers' | 'body'>>;
    readonly account?: Readonly<Record<string, unknown>>;
    readonly region?: string;
    readonly nowMs?: number;
  } = {},
): string | null {
  const sent = { ...entry, ...changes.request };
  const request: SimulatedRequest = readRequest({
    method: sent.method,
    target: sent.url,
    headers: sent.headers,
    body: Buffer.from(sent.body),
  })!;
  const { accessKeyId, accessKeySecret, securityToken } = entry.signing;
  const refusal = refuseSls(request, {
    accounts: [
      {
        accessKeyId,
        accessKeySecret,
        ...(securityToken === null ? {} : { securityToken }),
        ...changes.account,
      },
    ],
    region: changes.region ?? 'cn-hangzhou',
    nowMs: changes.nowMs ?? RECORDED_AT_MS,
  });
  if (refusal === null) return null;
  return `${refusal.status} ${(JSON.parse(String(refusal.body)) as { errorCode: string }).errorCode}`;
}

it('is proven against all twelve recorded SLS requests', () => {
  expect(
    recorded
      .map((entry) => entry.signing.scheme)
      .sort()
      .join(' '),
  ).toBe('sls-v1 sls-v1 sls-v1 sls-v1 sls-v1 sls-v1 sls-v1 sls-v4 sls-v4 sls-v4 sls-v4 sls-v4');
});

describe.each(recorded.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
  const withHeader = (name: string, value: string): Partial<Recorded> => ({
    headers: { ...entry.headers, [name]: value },
  });

  it('is believed at the time it was recorded', () => {
    expect(verdict(entry)).toBeNull();
  });

  it('is believed 14 minutes off, and refused 16 minutes off, in both directions', () => {
    const at = (minutes: number): string | null =>
      verdict(entry, { nowMs: RECORDED_AT_MS + minutes * MINUTE_MS });
    expect([at(-14), at(14), at(-16), at(16)]).toEqual([
      null,
      null,
      '400 RequestTimeExpired',
      '400 RequestTimeExpired',
    ]);
  });

  it('is refused under another secret', () => {
    expect(verdict(entry, { account: { accessKeySecret: 'other' } })).toBe('401 SignatureNotMatch');
  });

  it('is refused when nobody has that key', () => {
    expect(verdict(entry, { account: { accessKeyId: 'other' } })).toBe('401 Unauthorized');
  });

  it('is refused with another method', () => {
    expect(verdict(entry, { request: { method: 'DELETE' } })).toBe('401 SignatureNotMatch');
  });

  it('is refused with another path', () => {
    const url = entry.url.replace(/^\/[a-z]+/, '/elsewhere');
    expect(verdict(entry, { request: { url } })).toBe('401 SignatureNotMatch');
  });

  it('is refused with one more query parameter', () => {
    const url = `${entry.url}${entry.url.includes('?') ? '&' : '?'}size=500`;
    expect(verdict(entry, { request: { url } })).toBe('401 SignatureNotMatch');
  });

  it('is refused with another body', () => {
    expect(verdict(entry, { request: { body: `${entry.body} ` } })).toBe('401 SignatureNotMatch');
  });

  it('is refused with a changed or added x-log header', () => {
    expect([
      verdict(entry, { request: withHeader('x-log-apiversion', '0.4.0') }),
      verdict(entry, { request: withHeader('x-log-extra', '1') }),
    ]).toEqual(['401 SignatureNotMatch', '401 SignatureNotMatch']);
  });

  it('is refused with a token that was not signed', () => {
    expect(verdict(entry, { request: withHeader('x-acs-security-token', 'smuggled') })).toBe(
      '401 SignatureNotMatch',
    );
  });

  it('is refused when the account asks for another token than the signed one', () => {
    expect(verdict(entry, { account: { securityToken: 'another' } })).toBe('401 Unauthorized');
  });

  it('is refused once its key has expired', () => {
    expect(verdict(entry, { account: { expiresAtMs: RECORDED_AT_MS } })).toBe('401 Unauthorized');
  });

  it('is refused without its Authorization header', () => {
    const headers = Object.fromEntries(
      Object.entries(entry.headers).filter(([name]) => name !== 'authorization'),
    );
    expect(verdict(entry, { request: { headers } })).toBe('401 Unauthorized');
  });
});

describe('v1', () => {
  const entry = byId('sls-v1-list-download-jobs');

  it('lets an x-log-date pass that was added after signing, while it says the same time as Date', () => {
    const withLogDate = (value: string): string | null =>
      verdict(entry, { request: { headers: { ...entry.headers, 'x-log-date': value } } });
    expect([
      withLogDate('Sun, 22 Nov 2026 13:15:49 GMT'),
      withLogDate('Sun, 22 Nov 2026 13:15:50 GMT'),
    ]).toEqual([null, '401 SignatureNotMatch']);
  });

  it('is refused as SHA-256 when it was signed with SHA-1', () => {
    const sha1 = byId('sls-v1-sha1-get-project-logs');
    const headers = { ...sha1.headers, 'x-log-signaturemethod': 'hmac-sha256' };
    expect(verdict(sha1, { request: { headers } })).toBe('401 SignatureNotMatch');
  });

  it('is refused with a Date that is no date', () => {
    const headers = { ...entry.headers, date: 'noon' };
    expect(verdict(entry, { request: { headers } })).toBe('400 InvalidRequestTime');
  });
});

describe('v4', () => {
  const entry = byId('sls-v4-list-download-jobs');

  it('is refused in another region', () => {
    expect(verdict(entry, { region: 'cn-beijing' })).toBe('401 SignatureNotMatch');
  });

  it('is refused under another Host', () => {
    const headers = { ...entry.headers, host: 'elsewhere:80' };
    expect(verdict(entry, { request: { headers } })).toBe('401 SignatureNotMatch');
  });

  it('is refused when the key was derived for another day than x-log-date', () => {
    const headers = { ...entry.headers, 'x-log-date': '20261123T131549Z' };
    expect(
      verdict(entry, { request: { headers }, nowMs: RECORDED_AT_MS + 24 * 60 * MINUTE_MS }),
    ).toBe('401 SignatureNotMatch');
  });

  it('is refused with an x-log-date in another form', () => {
    const headers = { ...entry.headers, 'x-log-date': '2026-11-22T13:15:49Z' };
    expect(verdict(entry, { request: { headers } })).toBe('400 InvalidRequestTime');
  });

  /** A GET /logs signed by the reference (2.3), its query encoded as given in what is signed. */
  function signedQuery(canonicalQuery: string): Recorded {
    const lines = [
      'host:127.0.0.1:36055',
      `x-log-content-sha256:${sha256('')}`,
      'x-log-date:20261122T131549Z',
    ];
    const names = 'host;x-log-content-sha256;x-log-date';
    const canonical = ['GET', '/logs', canonicalQuery, ...lines, '', names, sha256('')].join('\n');
    const scope = '20261122/cn-hangzhou/sls/aliyun_v4_request';
    const toSign = ['SLS4-HMAC-SHA256', '20261122T131549Z', scope, sha256(canonical)].join('\n');
    let key = Buffer.from('aliyun_v4testSecret');
    for (const part of ['20261122', 'cn-hangzhou', 'sls', 'aliyun_v4_request', toSign]) {
      key = createHmac('sha256', key).update(part).digest();
    }
    return {
      ...entry,
      url: "/logs?query=*%20%7C%20select%20count(*)%20where%20k%3D'v'",
      headers: {
        ...Object.fromEntries(
          lines.map((line) => [line.split(':')[0]!, line.replace(/^[^:]+:/, '')]),
        ),
        authorization: `SLS4-HMAC-SHA256 Credential=testAK/${scope},Signature=${key.toString('hex')}`,
      },
    };
  }

  it('is believed for SQL encoded by RFC 3986, and as the official Node SDK encodes it by mistake', () => {
    expect([
      verdict(signedQuery('query=%2A%20%7C%20select%20count%28%2A%29%20where%20k%3D%27v%27')),
      verdict(signedQuery("query=%2A%20%7C%20select%20count(*)%20where%20k%3D'v'")),
      verdict(signedQuery("query=*%20%7C%20select%20count(*)%20where%20k%3D'v'")),
    ]).toEqual([null, null, '401 SignatureNotMatch']);
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
