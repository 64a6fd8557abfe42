import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redact } from '../../../src/domain/redact.ts';
import type { JsonValue } from '../../../src/domain/json.ts';
import type { ApiRequest } from '../../../src/providers/apiRequest.ts';
import { areKeysRefused, refusedError } from '../../../src/providers/aliyun/errors.ts';
import { unreadableError } from '../../../src/providers/attempt.ts';

const RECEIVED_AT_MS = Date.UTC(2026, 10, 22, 13, 15, 49);

const listJobs: ApiRequest = {
  product: 'sls',
  api: 'ListDownloadJobs',
  method: 'GET',
  path: '/downloadjobs',
  query: {},
  project: 'big-game',
};
const listLogs: ApiRequest = {
  product: 'oos',
  api: 'ListExecutionLogs',
  method: 'POST',
  path: '/',
  query: {},
};

function refused(
  request: ApiRequest,
  answer: { status: number; body?: JsonValue; headers?: Record<string, string> },
) {
  return refusedError(
    { account: 'prod', request },
    {
      response: { status: answer.status, headers: answer.headers ?? {}, body: Buffer.alloc(0) },
      body: answer.body,
      receivedAtMs: RECEIVED_AT_MS,
    },
  );
}

const sls = (status: number, errorCode: string, errorMessage = 'text') =>
  refused(listJobs, { status, body: { errorCode, errorMessage } });
const openApi = (status: number, Code: string, headers: Record<string, string> = {}) =>
  refused(listLogs, { status, body: { Code, Message: 'text', RequestId: 'R-1' }, headers });

describe('an SLS refusal', () => {
  it.each([
    [403, 'ReadQuotaExceed', 'throttled'],
    [403, 'WriteQuotaExceed', 'throttled'],
    [403, 'MetaOperationQpsLimitExceeded', 'throttled'],
    [403, 'ShardReadQuotaExceed', 'throttled'],
    [429, 'SomethingNew', 'throttled'],
    [400, 'RequestTimeExpired', 'credentials'],
    [400, 'RequestTimeTooSkewed', 'credentials'],
    [400, 'InvalidRequestTime', 'credentials'],
    [401, 'SignatureNotMatch', 'credentials'],
    [401, 'Unauthorized', 'credentials'],
    [401, 'InvalidAccessKeyId', 'credentials'],
    [401, 'SomethingNew', 'credentials'],
    [403, 'SecurityTokenExpired', 'credentials'],
    [403, 'ProjectForbidden', 'rejected'],
    [404, 'ProjectNotExist', 'rejected'],
    [404, 'LogStoreNotExist', 'rejected'],
    [400, 'ParameterInvalid', 'rejected'],
    [400, 'IdempotentParameterMismatch', 'rejected'],
    [413, 'PostBodyTooLarge', 'rejected'],
    [500, 'InternalServerError', 'transient'],
    [500, 'RequestTimeout', 'transient'],
    [503, 'ServerBusy', 'transient'],
    [502, 'SomethingNew', 'transient'],
    [408, 'SomethingNew', 'transient'],
  ])('%d %s is %s', (status, code, kind) => {
    expect(sls(status, code).kind).toBe(kind);
  });

  it('is classified by the code, not by words in the text', () => {
    expect(sls(404, 'ProjectNotExist', 'ReadQuotaExceed Throttling').kind).toBe('rejected');
  });

  it('says what was attempted, what came back and what to do', () => {
    const error = refused(listJobs, {
      status: 404,
      body: { errorCode: 'ProjectNotExist', errorMessage: 'The Project does not exist : big-game' },
      headers: { 'x-log-requestid': '5F0C1F6E2B8A' },
    });
    expect([error.message, error.detail]).toEqual([
      'ListDownloadJobs of project big-game (account prod) was refused: HTTP 404 ProjectNotExist, request id 5F0C1F6E2B8A, ' +
        '"The Project does not exist : big-game"; check the project name, and that it lies in the region of the account',
      {
        api: 'ListDownloadJobs',
        status: 404,
        code: 'ProjectNotExist',
        requestId: '5F0C1F6E2B8A',
      },
    ]);
  });

  it('for the clock names the measured difference', () => {
    const error = refused(listJobs, {
      status: 400,
      body: { errorCode: 'RequestTimeExpired', errorMessage: 'expired' },
      headers: { date: 'Sun, 22 Nov 2026 13:32:52 GMT' },
    });
    expect(error.message).toContain(
      "this machine's clock is 17 min 3 s behind the server's; set the clock (NTP)",
    );
    expect(error.detail.clockSkewMs).toBe(-1_023_000);
  });

  it('for the clock does not ask for fresh keys, for the keys does', () => {
    const attempt = { account: 'prod', request: listJobs };
    const asks = ['RequestTimeExpired', 'Unauthorized', 'SignatureNotMatch', 'ReadQuotaExceed'].map(
      (code) => areKeysRefused(attempt, sls(401, code)),
    );
    expect(asks).toEqual([false, true, true, false]);
  });

  it('for the signature quotes nothing of the signed text', () => {
    const error = sls(
      401,
      'SignatureNotMatch',
      'sign: GET\n\nx-acs-security-token:tok\n/logs?query=q',
    );
    expect(error.message).not.toMatch(/tok\b|query=/);
  });

  it('quotes a foreign text redacted and at most 200 characters of it', () => {
    const error = sls(
      400,
      'ParameterInvalid',
      `link https://b/f?Signature=verysecret ${'x'.repeat(900)}`,
    );
    expect(error.message).toContain('"link https://b/f?[withheld] xxx');
    expect(error.message.length).toBeLessThan(450);
  });
});

describe('an OpenAPI refusal', () => {
  it.each([
    [400, 'Throttling', 'throttled'],
    [400, 'Throttling.User', 'throttled'],
    [429, 'Throttling.Api', 'throttled'],
    [503, 'Throttling.User', 'throttled'],
    [429, 'SomethingNew', 'throttled'],
    [403, 'SignatureDoesNotMatch', 'credentials'],
    [404, 'InvalidAccessKeyId.NotFound', 'credentials'],
    [400, 'InvalidSecurityToken.Expired', 'credentials'],
    [400, 'InvalidTimeStamp.Expired', 'credentials'],
    [400, 'SignatureNonceUsed', 'transient'],
    [403, 'Forbidden.RAM', 'rejected'],
    [400, 'MissingParameter', 'rejected'],
    [400, 'ThrottlingIsNotThis', 'rejected'],
    [503, 'ServiceUnavailable', 'transient'],
    [500, 'InternalError', 'transient'],
  ])('%d %s is %s', (status, code, kind) => {
    expect(openApi(status, code).kind).toBe(kind);
  });

  it('carries the request id of the body when no header has one', () => {
    expect(openApi(403, 'Forbidden').detail.requestId).toBe('R-1');
  });
});

describe('the wait a server asks for', () => {
  it.each([
    [{ 'x-acs-retry-after': '1500' }, 1_500],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 13:16:49 GMT' }, 60_000],
    [{ 'x-acs-retry-after': '1500', 'retry-after': '7' }, 1_500],
    [{ 'retry-after': '99999999999' }, 3_600_000],
    [{ 'retry-after': 'Sun, 22 Nov 2020 13:16:49 GMT' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'x-acs-retry-after': '0' }, undefined],
    [{}, undefined],
  ])('is read from %j', (headers, waitMs) => {
    expect(openApi(400, 'Throttling', { ...headers }).detail.retryAfterMs).toBe(waitMs);
  });
});

describe('any answer outside 2xx', () => {
  const body = fc.oneof(
    fc.constant(undefined),
    fc.json().map((text) => JSON.parse(text) as JsonValue),
    fc.record({ errorCode: fc.string(), errorMessage: fc.string() }),
    fc.record({ Code: fc.string(), Message: fc.string(), RequestId: fc.string() }),
  );

  it('becomes one error of one line, already redacted', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(listJobs, listLogs),
        fc.integer({ min: 300, max: 599 }),
        body,
        (request, status, value) => {
          const error = refused(request, {
            status,
            ...(value === undefined ? {} : { body: value }),
          });
          expect(error.message).not.toMatch(/\n/);
          expect(redact(error.message)).toBe(error.message);
          expect(error.detail.status).toBe(status);
        },
      ),
    );
  });

  it.each([
    [500, 'transient'],
    [502, 'transient'],
    [404, 'rejected'],
    [302, 'rejected'],
    [401, 'credentials'],
    [429, 'throttled'],
  ])('without a readable body is classified by its status: %d is %s', (status, kind) => {
    expect(refused(listJobs, { status }).kind).toBe(kind);
  });
});

describe('an unreadable 2xx answer', () => {
  it.each([
    ['truncated', 'transient'],
    ['malformed', 'drift'],
    ['too_deep', 'drift'],
  ] as const)('that is %s is %s', (fault, kind) => {
    const response = {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: Buffer.alloc(0),
    };
    const error = unreadableError({ account: 'prod', request: listJobs }, { response, fault });
    expect(error.kind).toBe(kind);
  });
});
