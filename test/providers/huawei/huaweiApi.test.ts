import { afterEach, describe, expect, it } from '@jest/globals';
import type { ApiRequest, CloudApi } from '../../../src/providers/apiRequest.ts';
import { SourceError } from '../../../src/providers/sourceError.ts';
import type { HuaweiOptions } from '../../../src/simulator/huawei/huawei.ts';
import type { Simulator } from '../../../src/simulator/server.ts';
import {
  AK_SK,
  openBuildApi,
  PASSWORD,
  someLog,
  startChecks,
  subJob,
} from '../../support/checks.ts';

const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface World {
  readonly cloud: Simulator;
  readonly api: CloudApi;
  readonly clock: { nowMs: number };
}

async function openWorld(
  credentials: Readonly<Record<string, string>>,
  options: HuaweiOptions = {},
): Promise<World> {
  const clock = { nowMs: Date.parse('2026-11-22T13:19:07Z') };
  const nowMs = () => clock.nowMs;
  const subJobs = { [subJob(1)]: someLog('one', 3) };
  const cloud = await startChecks({ subJobs, ...options }, { nowMs });
  const { api, close } = openBuildApi(cloud.url, credentials, nowMs);
  closing.push(close, () => cloud.close());
  return { cloud, api, clock };
}

const download: ApiRequest = {
  ...{ product: 'codearts_check', api: 'DownloadLog', method: 'GET', path: '/v1/log-file' },
  query: { sub_job_id: subJob(1) },
};

async function bytesOf(api: CloudApi, request = download): Promise<number> {
  return api.stream(
    request,
    async ({ body }) => {
      let bytes = 0;
      for await (const piece of body) bytes += piece.length;
      return bytes;
    },
    never,
  );
}

async function failureOf(work: Promise<unknown>): Promise<SourceError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

describe('with an access key', () => {
  it('a request is believed by an independent verifier', async () => {
    const { api } = await openWorld(AK_SK);
    expect(await bytesOf(api)).toBeGreaterThan(100);
  });

  it('a wrong secret stops: one request, one message without key or signature, and a rest of 5 minutes', async () => {
    const { api, cloud, clock } = await openWorld({ ...AK_SK, secretKey: 'wrong-secret' });
    const first = await failureOf(bytesOf(api));
    expect(first).toMatchObject({ kind: 'credentials', detail: { code: 'APIGW.0301' } });
    expect(first.message).toMatch(/DownloadLog \(account build\).*HTTP 401 APIGW\.0301.*secret/);
    expect(first.message).not.toMatch(/simulated-key|wrong-secret|Signature=/);
    for (let again = 0; again < 20; again++) {
      expect((await failureOf(bytesOf(api))).kind).toBe('credentials');
    }
    expect(cloud.requests()).toEqual({ DownloadLog: { '401': 1 } });
    clock.nowMs += 5 * 60_000;
    await failureOf(bytesOf(api));
    expect(cloud.requests()).toEqual({ DownloadLog: { '401': 2 } });
  });

  it('a clock that is off is named as the cause, with the difference', async () => {
    const clock = { nowMs: Date.parse('2026-11-22T13:19:07Z') };
    const cloud = await startChecks({}, { nowMs: () => clock.nowMs });
    const { api, close } = openBuildApi(cloud.url, AK_SK, () => clock.nowMs - 17 * 60_000);
    closing.push(close, () => cloud.close());
    const failure = await failureOf(bytesOf(api));
    expect(failure.message).toMatch(/clock is 17 min behind the server's; set the clock/);
  });
});

describe('with a password', () => {
  it.each([2_000, 20_000, 100_000])(
    'one token of %i characters is asked for and shared by all, until shortly before its end',
    async (tokenCharacters) => {
      const { api, cloud, clock } = await openWorld(PASSWORD, { tokenCharacters });
      await Promise.all([1, 2, 3, 4].map(() => bytesOf(api)));
      clock.nowMs += 23 * 3_600_000;
      await bytesOf(api);
      const asked = () => cloud.requests()['KeystoneCreateUserTokenByPassword'];
      expect(asked()).toEqual({ '201': 1 });
      clock.nowMs += 3_600_000 - 9 * 60_000;
      await bytesOf(api);
      expect(asked()).toEqual({ '201': 2 });
    },
  );

  it('a token that is called expired is renewed once, and the request sent once more', async () => {
    const { api, cloud } = await openWorld(PASSWORD);
    await bytesOf(api);
    cloud.checks.voidTokens();
    await bytesOf(api);
    expect(cloud.requests()).toEqual({
      DownloadLog: { '200': 2, '401': 1 },
      KeystoneCreateUserTokenByPassword: { '201': 2 },
    });
  });

  it('a token that is always called expired ends after the second try', async () => {
    const { api, cloud } = await openWorld(PASSWORD);
    cloud.setFaults({ tokenExpired: 1, apis: ['DownloadLog'] });
    expect(await failureOf(bytesOf(api))).toMatchObject({
      ...{ kind: 'credentials', detail: { code: 'CC.00000003' } },
    });
    await failureOf(bytesOf(api));
    expect(cloud.requests()['DownloadLog']).toEqual({ '401': 2 });
  });

  it('a wrong one gets one clear message, and is not asked again and again', async () => {
    const { api, cloud } = await openWorld({ ...PASSWORD, password: 'hunter2' });
    const failure = await failureOf(bytesOf(api));
    expect(failure.message).toMatch(/HTTP 401.*check domain, user and password/);
    expect(failure.message).not.toContain('hunter2');
    await failureOf(bytesOf(api));
    expect(cloud.requests()).toEqual({ KeystoneCreateUserTokenByPassword: { '401': 1 } });
  });

  it('keeps a token request of one caller going when another caller gives up', async () => {
    const { api, cloud } = await openWorld(PASSWORD);
    cloud.setFaults({
      delay: { when: 1, delayMs: 100 },
      apis: ['KeystoneCreateUserTokenByPassword'],
    });
    const leaving = new AbortController();
    const left = api.stream(download, () => Promise.resolve(0), leaving.signal);
    const stayed = bytesOf(api);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    expect(await stayed).toBeGreaterThan(0);
  });
});

describe('an answer', () => {
  it.each([
    ['busy', { busy: 1 }, 'transient', 'CC.00000000'],
    ['an error under status 200', { errorOn200: 1 }, 'transient', 'CC.00000000'],
    ['throttling', { throttle: 1 }, 'throttled', 'APIGW.0308'],
    ['a gateway without backend', { badGateway: 1 }, 'transient', 'APIGW.0201'],
    ['a slow backend', { serverBusy: 1 }, 'transient', 'APIGW.0201'],
    ['an empty 500', { emptyServerError: 1 }, 'transient', undefined],
    ['a code with its status', { internalServerError: 1 }, 'transient', 'CC.00070500.500'],
    ['a redirect', { redirect: 1 }, 'rejected', undefined],
    ['a cut connection', { cutBody: 1 }, 'transient', undefined],
    ['a reset', { reset: 1 }, 'transient', undefined],
  ] as const)('that is %s is told by its status and code', async (_, faults, kind, code) => {
    const { api, cloud } = await openWorld(AK_SK);
    cloud.setFaults(faults);
    const failure = await failureOf(bytesOf(api));
    expect([failure.kind, failure.detail.code]).toEqual([kind, code]);
  });

  it.each([
    ['1 minute', 60_000],
    ['10 second', 10_000],
    ['2 hour', 3_600_000],
  ])('that throttles names its window: %s', async (throttleWindow, windowMs) => {
    const { api, cloud } = await openWorld(AK_SK, { throttleWindow });
    cloud.setFaults({ throttle: 1 });
    const { detail } = await failureOf(bytesOf(api));
    expect(detail.retryAfterMs).toBeGreaterThanOrEqual(windowMs);
    expect(detail.retryAfterMs).toBeLessThanOrEqual(windowMs * 1.1);
  });

  it('for an id that is none is rejected, and says which request', async () => {
    const { api } = await openWorld(AK_SK);
    const request = { ...download, query: { sub_job_id: subJob(2) } };
    const failure = await failureOf(bytesOf(api, request));
    expect(failure).toMatchObject({ kind: 'rejected', detail: { code: 'CC.00070400.400' } });
    expect(failure.message).toContain('Verify request parameter failed');
  });

  it('in JSON is read with every digit', async () => {
    const { api } = await openWorld(AK_SK);
    const request: ApiRequest = {
      ...{ product: 'codearts_check', api: 'ShowTaskListByProjectId', method: 'GET' },
      ...{ path: `/v2/${'c'.repeat(32)}/tasks`, query: { offset: '1', limit: '100' } },
    };
    expect((await api.call(request, never)).body).toEqual({ tasks: [], total: 0 });
  });
});
