import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quoted, redact } from '../../src/domain/redact.ts';

const SECRET = 'S3cr3tValue0123456789abcdefXYZ/+';

describe('redact', () => {
  it.each([
    `https://bucket.oss-cn-hangzhou.aliyuncs.com/f.csv?Expires=1&OSSAccessKeyId=x&Signature=${SECRET}`,
    `"filePath":"https://b.example/f?x-oss-credential=${SECRET}"`,
    `postgres://logferry:${SECRET}@db:5432/logferry is down`,
    `redis://:p@${SECRET}@cache:6379`,
    `authorization: LOG someid:${SECRET}`,
    `LOG someid:${SECRET}=`,
    `Authorization: ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a;b,Signature=${SECRET}`,
    `SLS4-HMAC-SHA256 Credential=${SECRET}/20261122/cn-hangzhou/sls/aliyun_v4_request`,
    `x-acs-security-token:${SECRET}`,
    `"SecurityToken": "${SECRET}"`,
    `AccessKeyId=${SECRET}`,
    `AccessKeySecret: ${SECRET}`,
    `access_key_id='${SECRET}'`,
    `OSSAccessKeyId=${SECRET}&x=1`,
    `password=${SECRET};`,
    `Bearer ${SECRET}`,
  ])('withholds the secret of %s', (text) => {
    expect(redact(text)).not.toContain(SECRET);
  });

  it.each([
    ['LTAI5tQnKxExampleExample', 'a key id'],
    ['STS.NUgYrLnoC37mZZCNnAbez', 'a temporary key id'],
    ['DoF/LqSYX4YKPmnkoRwgyKfEcHRYma2FJEfKG1BwO3c=', 'an HMAC-SHA256 in base64'],
    ['8oq2D40bLUKLjwbLwhDFUyftTcg=', 'an HMAC-SHA1 in base64'],
    ['7328b754f3c362693e14c2e0f0c4b99fdd23b758db5a08cfacf034b575a18827', 'an HMAC-SHA256 in hex'],
    ['CAISzQJ1q6Ft5B2yfSjIr5bQJdPZmPxMx7WFYkPkpzIvbu5BnPXCiSE0pl1Yxg', 'a token'],
  ])('withholds %s, %s without a name', (secret) => {
    expect(redact(`refused (${secret}) today`)).toBe('refused ([withheld]) today');
  });

  it.each([
    'ListDownloadJobs of project big-game (account prod) was refused: HTTP 404 ProjectNotExist, request id 5F0C1F6E2B8A4C7D9E0F1A2B; check it',
    'SignatureNotMatch, request id 7b0a5b7e-6d38-4a2c-9d56-0a9d0c3b1e11',
    'GET big-game.cn-hangzhou.log.aliyuncs.com/downloadjobs: connect ECONNREFUSED 127.0.0.1:1',
    'job download-2026-11-22-exports-of-the-whole-production-logstore-0001 ended in ERROR',
    'acs:ram::1234567890123456:role/aliyunlogimportossrole',
    "SELECT count(*) FROM app_log WHERE level = 'ERROR'",
    'the project does not exist: big-game',
    'see https://example.com/@docs and http://127.0.0.1:8080/queues',
  ])('leaves ordinary text alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('changes nothing the second time', () => {
    const pieces = fc.constantFrom(
      'token',
      '=',
      ': ',
      'https://h/p?q',
      'LOG a:b',
      ' ',
      '"',
      'x',
      '@',
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const once = redact(parts.join(''));
        expect(redact(once)).toBe(once);
      }),
    );
  });

  it.each([
    'a',
    '=',
    '/',
    '://',
    'token ',
    'token:',
    'https://a',
    'Ab1',
    'LOG ',
    'LOG a',
    '0',
    ' ',
  ])('takes seconds, not minutes, for a megabyte of %p', (piece) => {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    const startMs = performance.now();
    redact(text);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe('quoted', () => {
  it('is one line of at most 200 characters without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const line = quoted(text);
        expect(line.length).toBeLessThanOrEqual(200);
        expect(line).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
