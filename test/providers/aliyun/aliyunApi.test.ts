import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHttpClient } from '../../../src/http/client.ts';
import { createAliyunApi, type SlsSignature } from '../../../src/providers/aliyun/aliyunApi.ts';
import type { CredentialSource } from '../../../src/providers/aliyun/credentials.ts';
import type { Credentials } from '../../../src/providers/signing.ts';
import type { ApiRequest } from '../../../src/providers/apiRequest.ts';
import { SourceError } from '../../../src/providers/sourceError.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 13, 15, 49);
const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const listJobs: ApiRequest = {
  product: 'sls',
  api: 'ListDownloadJobs',
  method: 'GET',
  path: '/downloadjobs',
  query: { logstore: "a b'*", offset: '0' },
  project: 'big-game',
};

/** Keys that count up at each renewal. */
function countingKeys(renewable = true): CredentialSource & { readonly asked: () => number } {
  let generation = 1;
  let asked = 0;
  const held = (): Credentials => ({
    accessKeyId: `id${generation}`,
    accessKeySecret: 'secret',
    securityToken: `token${generation}`,
  });
  return {
    renewable,
    asked: () => asked,
    get: (signal) => {
      signal.throwIfAborted();
      asked += 1;
      return Promise.resolve(held());
    },
    renew: () => {
      generation += 1;
    },
  };
}

async function open(
  listener: RequestListener,
  options: { signature?: SlsSignature; credentials?: CredentialSource; nonce?: () => string } = {},
) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = createHttpClient({ headersTimeoutMs: 1_000 });
  cleanups.push(async () => {
    await http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const api = createAliyunApi({
    account: 'prod',
    region: 'cn-hangzhou',
    endpoints: { sls: address, oos: address, actiontrail: address },
    credentials: options.credentials ?? countingKeys(),
    signature: options.signature ?? 'v1-sha256',
    http,
    nowMs: () => NOW_MS,
    nonce: options.nonce ?? (() => 'nonce'),
  });
  return { api, seen, port: (server.address() as AddressInfo).port };
}

const ok: RequestListener = (_, response) => response.end('{"total":0}');

function refuse(status: number, errorCode: string): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'x-log-requestid': 'R1' });
    response.end(JSON.stringify({ errorCode, errorMessage: 'no' }));
  };
}

async function failureOf(calling: Promise<unknown>): Promise<SourceError> {
  try {
    await calling;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

describe('a call of SLS', () => {
  it('goes to the project as the first label of Host, percent-encoded strictly', async () => {
    const { api, seen, port } = await open(ok);
    await api.call(listJobs, never);
    expect([seen[0]?.method, seen[0]?.headers.host, seen[0]?.url]).toEqual([
      'GET',
      `big-game.127.0.0.1:${port}`,
      '/downloadjobs?logstore=a%20b%27%2A&offset=0',
    ]);
  });

  it.each([
    ['v1-sha256', /^LOG id1:[\w+/]{43}=$/],
    ['v1-sha1', /^LOG id1:[\w+/]{27}=$/],
    [
      'v4',
      /^SLS4-HMAC-SHA256 Credential=id1\/20261122\/cn-hangzhou\/sls\/aliyun_v4_request,Signature=[0-9a-f]{64}$/,
    ],
  ] as const)('is signed with %s', async (signature, authorization) => {
    const { api, seen } = await open(ok, { signature });
    await api.call(listJobs, never);
    const headers = seen[0]?.headers;
    expect([headers?.authorization, headers?.['x-acs-security-token']]).toEqual([
      expect.stringMatching(authorization),
      'token1',
    ]);
  });

  it('sends a body with its type, size and MD5', async () => {
    const { api, seen } = await open(ok);
    const create: ApiRequest = { ...listJobs, method: 'POST', query: {}, body: '{"name":"ü"}' };
    await api.call(create, never);
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '13',
      'x-log-bodyrawsize': '13',
      'content-md5': expect.stringMatching(/^[0-9A-F]{32}$/),
    });
  });

  it('gives the parsed body, with every digit', async () => {
    const { api } = await open((_, response) => response.end('{"id":9007199254740993}'));
    expect((await api.call(listJobs, never)).body).toEqual({ id: 9007199254740993n });
  });

  it('that deletes may answer with nothing', async () => {
    const { api } = await open((_, response) => response.end());
    expect((await api.call({ ...listJobs, method: 'DELETE' }, never)).body).toBeNull();
  });
});

describe('a call of OOS or ActionTrail', () => {
  it.each([
    ['oos', '2019-06-01'],
    ['actiontrail', '2020-07-06'],
  ] as const)(
    'of %s is signed with ACS3, named and versioned, with a new nonce each',
    async (product, version) => {
      let nonces = 0;
      const { api, seen } = await open(ok, {
        nonce: () => {
          nonces += 1;
          return `nonce${nonces}`;
        },
      });
      const request: ApiRequest = {
        product,
        api: 'ListThings',
        method: 'POST',
        path: '/',
        query: { A: '1' },
      };
      await api.call(request, never);
      await api.call(request, never);
      expect(seen.map(({ headers, url }) => ({ ...headers, url }))).toMatchObject([
        {
          'x-acs-action': 'ListThings',
          'x-acs-version': version,
          'x-acs-signature-nonce': 'nonce1',
          url: '/?A=1',
        },
        {
          'x-acs-signature-nonce': 'nonce2',
          authorization: expect.stringContaining('ACS3-HMAC-SHA256 Credential=id1,'),
        },
      ]);
    },
  );
});

describe('keys that are refused', () => {
  it('are renewed, and the request is sent once more with the fresh ones', async () => {
    const { api, seen } = await open((request, response) => {
      const isFresh = request.headers['x-acs-security-token'] === 'token2';
      (isFresh ? ok : refuse(401, 'Unauthorized'))(request, response);
    });
    expect((await api.call(listJobs, never)).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it('twice end the call', async () => {
    const { api, seen } = await open(refuse(401, 'Unauthorized'));
    expect((await failureOf(api.call(listJobs, never))).kind).toBe('credentials');
    expect(seen).toHaveLength(2);
  });

  it('are not sent again when they cannot be renewed', async () => {
    const { api, seen } = await open(refuse(401, 'Unauthorized'), {
      credentials: countingKeys(false),
    });
    await failureOf(api.call(listJobs, never));
    expect(seen).toHaveLength(1);
  });

  it('are not sent again when renewing gave the same ones', async () => {
    const same = { accessKeyId: 'id', accessKeySecret: 's' };
    const { api, seen } = await open(refuse(401, 'SignatureNotMatch'), {
      credentials: { renewable: true, get: () => Promise.resolve(same), renew: () => undefined },
    });
    await failureOf(api.call(listJobs, never));
    expect(seen).toHaveLength(1);
  });

  it('for the clock are not renewed', async () => {
    const credentials = countingKeys();
    const { api } = await open(refuse(400, 'RequestTimeExpired'), { credentials });
    const failure = await failureOf(api.call(listJobs, never));
    expect([failure.kind, credentials.asked()]).toEqual(['credentials', 1]);
  });
});

describe('a call that fails', () => {
  it('for the clock names the difference to the server, measured at the answer', async () => {
    const { api } = await open((_, response) => {
      response.writeHead(400, { date: new Date(NOW_MS + 1_023_000).toUTCString() });
      response.end('{"errorCode":"RequestTimeExpired","errorMessage":"expired"}');
    });
    const failure = await failureOf(api.call(listJobs, never));
    expect(failure.message).toContain('17 min 3 s behind');
    expect(failure.detail.clockSkewMs).toBe(-1_023_000);
  });

  it.each<[string, RequestListener, string]>([
    ['a throttle', refuse(403, 'ReadQuotaExceed'), 'throttled'],
    ['a missing project', refuse(404, 'ProjectNotExist'), 'rejected'],
    ['a 500 without body', (_, response) => void response.writeHead(500).end(), 'transient'],
    ['a 502 page', (_, response) => void response.writeHead(502).end('<html>'), 'transient'],
    ['a login page', (_, response) => void response.writeHead(200).end('<html>'), 'drift'],
    [
      'a redirect',
      (_, response) => void response.writeHead(302, { location: '/' }).end(),
      'rejected',
    ],
    ['nothing at all', (_, response) => void response.writeHead(200).end(), 'transient'],
    [
      'half an answer',
      (_, response) => void response.writeHead(200).end('{"results":[{"na'),
      'transient',
    ],
    ['a reset', (request) => void request.socket.resetAndDestroy(), 'transient'],
    ['silence', () => undefined, 'transient'],
  ])('by %s is of the right kind, sent once', async (_, listener, kind) => {
    const { api, seen } = await open(listener);
    const failure = await failureOf(api.call(listJobs, never));
    expect([failure.kind, failure.detail.api, seen.length]).toEqual([kind, 'ListDownloadJobs', 1]);
    expect(failure.message).toMatch(/^ListDownloadJobs of project big-game \(account prod\) /);
  });

  it('never shows key, token, signature or query', async () => {
    const { api } = await open((request) => void request.socket.destroy());
    const failure = await failureOf(api.call(listJobs, never));
    const shown = `${failure.stack ?? ''} ${String(failure.cause)}`;
    expect(shown).not.toMatch(/secret|token1|LOG id|logstore=/);
  });

  it('because the caller gave up throws the reason of the signal', async () => {
    const { api } = await open(() => undefined);
    const controller = new AbortController();
    const reason = new Error('shutdown');
    setTimeout(() => {
      controller.abort(reason);
    }, 30);
    await expect(api.call(listJobs, controller.signal)).rejects.toBe(reason);
  });

  it('because the project name leads elsewhere is not sent', async () => {
    const { api, seen } = await open(ok);
    const failure = await failureOf(api.call({ ...listJobs, project: 'evil.example/' }, never));
    expect([failure.kind, seen.length]).toEqual(['rejected', 0]);
  });

  it('because the product is of another cloud is not sent', async () => {
    const { api, seen } = await open(ok);
    const failure = await failureOf(api.call({ ...listJobs, product: 'iam' }, never));
    expect([failure.kind, seen.length]).toEqual(['rejected', 0]);
  });
});
