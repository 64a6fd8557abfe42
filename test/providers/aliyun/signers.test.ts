import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signAcs3 } from '../../../src/providers/aliyun/acs3.ts';
import { signSlsV1 } from '../../../src/providers/aliyun/slsV1.ts';
import { signSlsV4 } from '../../../src/providers/aliyun/slsV4.ts';
import type { SigningParts } from '../../../src/providers/signing.ts';
import { credentialsOf, partsOf, recordedRequests } from './recorded.ts';

const STS_HEADERS = ['x-acs-security-token', 'x-acs-accesskey-id'];
const RECORDED_AT_MS = Date.UTC(2026, 10, 22, 13, 15, 49);

describe('SLS v1', () => {
  const recordings = recordedRequests('sls-v1');

  it('is proven against recordings of both algorithms, with and without a token', () => {
    const kinds = recordings.map(
      ({ signing }) => `${signing.algorithm} ${signing.securityToken === null ? 'key' : 'token'}`,
    );
    expect(new Set(kinds)).toEqual(
      new Set(['hmac-sha256 key', 'hmac-sha256 token', 'hmac-sha1 key', 'hmac-sha1 token']),
    );
  });

  it.each(recordings.map((recorded) => [recorded.id, recorded] as const))(
    'signs as the official SDK did: %s',
    (_, recorded) => {
      const added = ['authorization', 'date', 'content-md5', 'x-log-signaturemethod'];
      const signed = signSlsV1(
        partsOf(recorded, [...added, ...STS_HEADERS]),
        credentialsOf(recorded),
        { nowMs: RECORDED_AT_MS, algorithm: recorded.signing.algorithm },
      );
      expect(signed).toEqual({ 'content-md5': '', ...recorded.headers });
    },
  );

  it('signs the MD5 of a body in upper-case hex', () => {
    const signed = signSlsV1(
      { method: 'POST', path: '/downloadjobs', query: {}, headers: {}, body: 'hello' },
      { accessKeyId: 'a', accessKeySecret: 's' },
      { nowMs: 0, algorithm: 'hmac-sha1' },
    );
    expect(signed['content-md5']).toBe('5D41402ABC4B2A76B9719D911017C592');
  });
});

describe('SLS v4', () => {
  it.each(recordedRequests('sls-v4').map((recorded) => [recorded.id, recorded] as const))(
    'signs as the official SDK did: %s',
    (_, recorded) => {
      const added = ['authorization', 'x-log-date', 'x-log-content-sha256'];
      const signed = signSlsV4(
        partsOf(recorded, [...added, ...STS_HEADERS]),
        credentialsOf(recorded),
        { nowMs: RECORDED_AT_MS, region: recorded.signing.region ?? '' },
      );
      expect(signed).toEqual(recorded.headers);
    },
  );
});

describe('ACS3', () => {
  it.each(recordedRequests('acs3').map((recorded) => [recorded.id, recorded] as const))(
    'signs as the official SDK did: %s',
    (_, recorded) => {
      const added = [
        'authorization',
        'x-acs-action',
        'x-acs-version',
        'x-acs-date',
        'x-acs-signature-nonce',
        'x-acs-content-sha256',
      ];
      const signed = signAcs3(
        partsOf(recorded, [...added, ...STS_HEADERS]),
        credentialsOf(recorded),
        {
          nowMs: RECORDED_AT_MS,
          nonce: recorded.headers['x-acs-signature-nonce'] ?? '',
          action: recorded.headers['x-acs-action'] ?? '',
          version: recorded.headers['x-acs-version'] ?? '',
        },
      );
      expect(signed).toEqual(recorded.headers);
    },
  );
});

describe('every scheme', () => {
  const sign = {
    'sls v1': (parts: SigningParts, nowMs: number) =>
      signSlsV1(parts, KEYS, { nowMs, algorithm: 'hmac-sha256' }),
    'sls v4': (parts: SigningParts, nowMs: number) =>
      signSlsV4(parts, KEYS, { nowMs, region: 'cn-hangzhou' }),
    acs3: (parts: SigningParts, nowMs: number) =>
      signAcs3(parts, KEYS, { nowMs, nonce: 'n', action: 'A', version: 'V' }),
  };
  const KEYS = { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'token' };
  const text = fc.string({ unit: 'grapheme', maxLength: 8 });
  const partsArbitrary = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    path: text.map((tail) => `/${tail}`),
    query: fc.dictionary(text, text, { noNullPrototype: true, maxKeys: 4 }),
    headers: fc.constant({ host: 'h', 'x-log-apiversion': '0.6.0' }),
    body: text,
  });

  it.each(Object.keys(sign) as (keyof typeof sign)[])(
    '%s does not depend on the order of parameters and headers',
    (scheme) => {
      fc.assert(
        fc.property(partsArbitrary, (parts) => {
          const reversed = {
            ...parts,
            query: Object.fromEntries(Object.entries(parts.query).reverse()),
            headers: Object.fromEntries(Object.entries(parts.headers).reverse()),
          };
          expect(sign[scheme](reversed, 0)['authorization']).toBe(
            sign[scheme](parts, 0)['authorization'],
          );
        }),
      );
    },
  );

  it.each(Object.keys(sign) as (keyof typeof sign)[])(
    '%s changes with the body, a parameter, the path and the time',
    (scheme) => {
      fc.assert(
        fc.property(partsArbitrary, (parts) => {
          const variants = [
            sign[scheme](parts, 0),
            sign[scheme]({ ...parts, body: `${parts.body}+` }, 0),
            sign[scheme]({ ...parts, query: { ...parts.query, added_name: '1' } }, 0),
            sign[scheme]({ ...parts, path: `${parts.path}+` }, 0),
            sign[scheme](parts, 1_000),
          ];
          expect(new Set(variants.map((headers) => headers['authorization'])).size).toBe(5);
        }),
      );
    },
  );

  it.each(Object.keys(sign) as (keyof typeof sign)[])(
    '%s never sends the secret itself',
    (scheme) => {
      fc.assert(
        fc.property(partsArbitrary, (parts) => {
          const headers = sign[scheme]({ ...parts, headers: {} }, 0);
          expect(Object.values(headers).join('\n')).not.toContain('secret');
        }),
      );
    },
  );
});
