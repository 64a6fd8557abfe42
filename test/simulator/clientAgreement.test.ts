import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ApiRequest, CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { createHttpClient } from '../../src/http/client.ts';
import { createAliyunApi } from '../../src/providers/aliyun/aliyunApi.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { PROJECT, START_MS } from './world.ts';

/** The two independent implementations of the signatures, LogFerry's client and this simulator, meet here. */
const simulator = await startSimulator({
  seed: 1,
  region: 'cn-hangzhou',
  accounts: [
    { accessKeyId: 'plain', accessKeySecret: 'secret one' },
    { accessKeyId: 'temporary', accessKeySecret: 'secret two', securityToken: 'to+k/en==' },
  ],
  projects: { [PROJECT]: {} },
  nowMs: () => START_MS,
});
const http = createHttpClient();
afterAll(async () => {
  await http.close();
  await simulator.close();
});

const KEYS = {
  plain: { accessKeyId: 'plain', accessKeySecret: 'secret one' },
  temporary: {
    accessKeyId: 'temporary',
    accessKeySecret: 'secret two',
    securityToken: 'to+k/en==',
  },
} as const;

let nonces = 0;
const apiOf = (keys: keyof typeof KEYS, signature: 'v1-sha256' | 'v1-sha1' | 'v4'): CloudApi =>
  createAliyunApi({
    account: keys,
    region: 'cn-hangzhou',
    endpoints: { sls: simulator.url, actiontrail: simulator.url },
    credentials: { renewable: false, get: async () => KEYS[keys], renew: () => undefined },
    signature,
    http,
    nowMs: () => START_MS,
    nonce: () => `nonce ${++nonces}`,
  });

/** `200`, or the code that the client was refused with. */
async function outcome(api: CloudApi, request: Partial<ApiRequest>): Promise<string> {
  try {
    const asked = {
      api: 'test',
      product: 'sls',
      method: 'GET',
      path: '/downloadjobs',
      query: {},
      project: PROJECT,
    } as const;
    return String((await api.call({ ...asked, ...request }, AbortSignal.timeout(10_000))).status);
  } catch (error) {
    return error instanceof SourceError ? (error.detail.code ?? error.message) : String(error);
  }
}

describe.each([
  ['plain', 'v1-sha256'],
  ['plain', 'v1-sha1'],
  ['plain', 'v4'],
  ['temporary', 'v1-sha256'],
  ['temporary', 'v1-sha1'],
  ['temporary', 'v4'],
] as const)('%s keys and %s', (keys, signature) => {
  const api = apiOf(keys, signature);

  it('agree with the client on any query value and any job name', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, text, async (value, name) => {
        fc.pre(!name.includes('/') && !/^\.\.?$/.test(name));
        expect(await outcome(api, { query: { logstore: value, size: '5' } })).toBe('200');
        expect(await outcome(api, { path: `/downloadjobs/${name}` })).toBe('JobNotExist');
      }),
      { numRuns: 60 },
    );
  });

  it('agree with the client on a body', async () => {
    expect(await outcome(api, { method: 'POST', body: '{"name":"ü (*)"}' })).toBe(
      'ParameterInvalid',
    );
  });
});

describe.each(['plain', 'temporary'] as const)('%s keys and ACS3', (keys) => {
  const api = apiOf(keys, 'v1-sha256');
  const ask = (query: Readonly<Record<string, string>>) =>
    outcome(api, {
      product: 'actiontrail',
      api: 'GetDeliveryHistoryJob',
      method: 'POST',
      path: '/',
      query,
    });

  it('agree with the client on any name and value of a parameter', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, text, async (name, value) => {
        fc.pre(name !== 'JobId');
        expect(await ask({ JobId: '1', [name]: value })).toBe('JobNotFound');
        expect(await ask({ JobId: value })).toBe(
          /^\d{1,19}$/.test(value) ? 'JobNotFound' : 'InvalidParameter',
        );
      }),
      { numRuns: 60 },
    );
  });
});
