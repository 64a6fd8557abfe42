import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readRequest } from '../../../src/simulator/request.ts';
import { createOpenApiGuard } from '../../../src/simulator/signature/openApiAuthentication.ts';

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
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as readonly Recorded[]).filter(
  (entry) => entry.signing.scheme === 'acs3',
);

type Changes = {
  readonly request?: Partial<Pick<Recorded, 'method' | 'url' | 'headers' | 'body'>>;
  readonly account?: Readonly<Record<string, unknown>>;
};

function guardOf(entry: Recorded, account: Changes['account'] = {}) {
  const { accessKeyId, accessKeySecret, securityToken } = entry.signing;
  const token = securityToken === null ? {} : { securityToken };
  return createOpenApiGuard([{ accessKeyId, accessKeySecret, ...token, ...account }]);
}

/** `403 SignatureDoesNotMatch`, or null when the request is believed. */
function verdict(
  entry: Recorded,
  changes: Changes = {},
  at = { guard: guardOf(entry, changes.account), nowMs: RECORDED_AT_MS },
): string | null {
  const sent = { ...entry, ...changes.request };
  const request = readRequest({
    method: sent.method,
    target: sent.url,
    headers: sent.headers,
    body: Buffer.from(sent.body),
  })!;
  const refusal = at.guard.refuse(request, at.nowMs);
  return refusal === null ? null : `${refusal.status} ${refusal.code}`;
}

it('is proven against all six recorded ACS3 requests', () => {
  expect(recorded.map(({ id }) => id)).toHaveLength(6);
});

describe.each(recorded.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
  const withHeader = (name: string, value: string): Changes => ({
    request: { headers: { ...entry.headers, [name]: value } },
  });
  const mismatch = '403 SignatureDoesNotMatch';

  it('is believed once: its nonce is refused the second time, and its time after that', () => {
    const guard = guardOf(entry);
    const at = (minutes: number): string | null =>
      verdict(entry, {}, { guard, nowMs: RECORDED_AT_MS + minutes * MINUTE_MS });
    expect([at(0), at(0), at(14), at(16), at(-16)]).toEqual([
      null,
      '400 SignatureNonceUsed',
      '400 SignatureNonceUsed',
      '400 InvalidTimeStamp.Expired',
      '400 InvalidTimeStamp.Expired',
    ]);
  });

  it('is believed 14 minutes off in both directions', () => {
    const at = (minutes: number): string | null =>
      verdict(entry, {}, { guard: guardOf(entry), nowMs: RECORDED_AT_MS + minutes * MINUTE_MS });
    expect([at(-14), at(14)]).toEqual([null, null]);
  });

  it('is refused under another secret, when nobody has that key, and once its key has expired', () => {
    expect([
      verdict(entry, { account: { accessKeySecret: 'other' } }),
      verdict(entry, { account: { accessKeyId: 'other' } }),
      verdict(entry, { account: { expiresAtMs: RECORDED_AT_MS } }),
    ]).toEqual([mismatch, '404 InvalidAccessKeyId.NotFound', '400 InvalidSecurityToken.Expired']);
  });

  it('is refused with another method, path, query or body', () => {
    expect([
      verdict(entry, { request: { method: 'GET' } }),
      verdict(entry, { request: { url: entry.url.replace('/?', '/x?') } }),
      verdict(entry, { request: { url: `${entry.url}&Size=5` } }),
      verdict(entry, { request: { body: 'x' } }),
    ]).toEqual([mismatch, mismatch, mismatch, mismatch]);
  });

  it('is refused with a changed host, action or nonce, and with an x-acs header that was not signed', () => {
    expect([
      verdict(entry, withHeader('host', 'elsewhere:80')),
      verdict(entry, withHeader('x-acs-action', 'DeleteEverything')),
      verdict(entry, withHeader('x-acs-signature-nonce', 'again')),
      verdict(entry, withHeader('x-acs-extra', '1')),
    ]).toEqual([mismatch, mismatch, mismatch, mismatch]);
  });

  it('is refused with a token of another key, and without the token its key asks for', () => {
    const given = entry.signing.securityToken !== null;
    expect(verdict(entry, { account: { securityToken: 'another' } })).toBe(
      given ? '403 InvalidSecurityToken.MismatchWithAccessKey' : '400 MissingSecurityToken',
    );
  });

  it('is refused without its Authorization header, and with a time that is none', () => {
    const headers = Object.fromEntries(
      Object.entries(entry.headers).filter(([name]) => name !== 'authorization'),
    );
    expect([
      verdict(entry, { request: { headers } }),
      verdict(entry, withHeader('x-acs-date', 'Sun, 22 Nov 2026 13:15:49 GMT')),
    ]).toEqual(['400 IncompleteSignature', '400 IllegalTimestamp']);
  });
});
