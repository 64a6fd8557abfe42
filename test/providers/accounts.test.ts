import { noStream } from '../support/noStream.ts';
import { describe, expect, it } from '@jest/globals';
import type { HttpRequest } from '../../src/http/message.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';

const minimal = { provider: 'aliyun', region: 'cn-hangzhou', credentials: { type: 'default' } };

describe('accountSchema', () => {
  it('needs provider, region and credentials, and fills in the rest', () => {
    expect(accountSchema.parse(minimal)).toEqual({
      ...minimal,
      endpoints: {},
      signature: 'v1-sha256',
    });
  });

  it.each(['cn-hangzhou', 'us-east-1', 'rus-west-1', 'cn-shanghai-finance-1'])(
    'accepts the region %s',
    (region) => {
      expect(accountSchema.safeParse({ ...minimal, region }).success).toBe(true);
    },
  );

  it.each([
    { ...minimal, provider: 'huawei' },
    { ...minimal, region: 'cn-hangzhou.evil.example' },
    { ...minimal, region: '' },
    { ...minimal, credentials: undefined },
    { ...minimal, endpoints: { sls: 'https://h/path' } },
    { ...minimal, endpoints: { ecs: 'https://h' } },
    { ...minimal, signature: 'v2' },
    { ...minimal, extra: true },
  ])('refuses %j', (account) => {
    expect(accountSchema.safeParse(account).success).toBe(false);
  });
});

describe('createAccountApi', () => {
  it('calls with the keys, region, endpoint and signature of the account', async () => {
    const sent: HttpRequest[] = [];
    const account = accountSchema.parse({
      provider: 'aliyun',
      region: 'us-east-1',
      credentials: { type: 'access_key', accessKeyId: 'id', accessKeySecret: 'secret' },
      endpoints: { sls: 'http://{project}.{region}.localhost:8080' },
      signature: 'v4',
    });
    const api = createAccountApi('prod', account, {
      http: {
        send: (request) => {
          sent.push(request);
          return Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{}') });
        },
        stream: noStream,
      },
      nowMs: () => 0,
      nonce: () => 'n',
      random: () => 0,
    });
    await api.call(
      { product: 'sls', api: 'A', method: 'GET', path: '/a', query: {}, project: 'p1' },
      new AbortController().signal,
    );
    expect(sent).toMatchObject([
      {
        origin: 'http://p1.us-east-1.localhost:8080',
        path: '/a',
        headers: {
          host: 'p1.us-east-1.localhost:8080',
          authorization: expect.stringContaining('Credential=id/19700101/us-east-1/sls/'),
        },
      },
    ]);
  });
});
