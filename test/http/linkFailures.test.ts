import { createServer as createRawServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { LinkError } from '../../src/engine/linkPort.ts';
import { closeServed, failureOf, never, serve } from './served.ts';
import {
  closeLinkServers,
  linkClient,
  linkFailureOf,
  NOW_MS,
  SECRET,
  serveLinks,
  shown,
} from './linkServer.ts';

afterEach(closeLinkServers);
afterEach(closeServed);

const file = '0123456789';

it('an error of the plain client would show the path of a link: the checks below can fail', async () => {
  const { client, request } = await serve((_, response) => response.destroy());
  const failure = await failureOf(client.send(request({ path: '/exports/b.csv' }), never));
  expect(shown(failure)).toMatch(/exports/);
});

const xml = (code: string) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><StringToSign>GET\n\n/exports/b.csv?Signature=${SECRET}</StringToSign></Error>`;

describe('an answer that is no file', () => {
  it.each([
    [403, 'AccessDenied', 'expired'],
    [403, 'SignatureDoesNotMatch', 'expired'],
    [403, '', 'expired'],
    [400, 'ExpiredToken', 'expired'],
    [401, 'InvalidAccessKeyId', 'expired'],
    [400, 'InvalidArgument', 'refused'],
    [404, 'NoSuchKey', 'no_file'],
    [410, '', 'no_file'],
    [429, '', 'throttled'],
    [503, 'SlowDown', 'throttled'],
    [503, '', 'throttled'],
    [400, 'QpsLimitExceeded', 'throttled'],
    [408, '', 'transient'],
    [500, 'InternalError', 'transient'],
    [502, '', 'transient'],
    [504, '', 'transient'],
    [204, '', 'refused'],
    [304, '', 'refused'],
    [405, '', 'refused'],
    [416, 'InvalidRange', 'refused'],
  ] as const)('of HTTP %i %s is %s, and tells the code alone', async (status, code, fault) => {
    const { read, port } = await serveLinks((_, response) => {
      response.writeHead(status, { 'x-path': '/exports' }).end(code === '' ? '' : xml(code));
    });
    const failure = await linkFailureOf(read());
    expect([failure.fault, failure.message]).toEqual([
      fault,
      `127.0.0.1:${port} answered HTTP ${status}${code === '' ? '' : ` ${code}`}`,
    ]);
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });

  it.each([
    ['7', 7_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', null],
    ['99999999', 3_600_000],
    ['soon', null],
    [undefined, null],
  ])('asks to wait with Retry-After %s', async (text, retryAfterMs) => {
    const headers = text === undefined ? {} : { 'retry-after': text };
    const { read } = await serveLinks((_, response) => response.writeHead(503, headers).end());
    expect((await linkFailureOf(read())).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([
    ['a code with a secret in it', `<Code>${SECRET}?Signature=${SECRET}</Code>`],
    ['a page', `<html>/exports/b.csv?Signature=${SECRET}</html>`],
    ['a code behind very much else', `${'x'.repeat(100_000)}<Code>AccessDenied</Code>`],
  ])('tells no code of %s', async (_, body) => {
    const { read, port } = await serveLinks((_request, response) => {
      response.writeHead(403).end(body);
    });
    const failure = await linkFailureOf(read());
    expect(failure.message).toBe(`127.0.0.1:${port} answered HTTP 403`);
  });

  it('is judged by its status where its body is cut', async () => {
    const { read } = await serveLinks((_, response) => {
      response.writeHead(403, { 'content-length': '1000' });
      response.write('<Error>', () => response.destroy());
    });
    expect((await linkFailureOf(read())).fault).toBe('expired');
  });

  it('is not waited for beyond ten seconds of its body', async () => {
    let nowMs = NOW_MS;
    const { read } = await serveLinks(
      (_, response) => {
        response.writeHead(403);
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => {
          clearInterval(timer);
        });
      },
      { nowMs: () => (nowMs += 1_000) },
    );
    expect((await linkFailureOf(read())).fault).toBe('expired');
  });
});

describe('a failure on the way', () => {
  /** A server that writes these bytes, as they are, and ends the connection. */
  async function rawFailure(...pieces: readonly string[]): Promise<LinkError> {
    const server = createRawServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        for (const piece of pieces) socket.write(piece);
        socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { read } = linkClient({ hosts: ['127.0.0.1'] });
      const link = `http://127.0.0.1:${port}/exports/b.csv?Signature=${SECRET}`;
      return await linkFailureOf(read(link));
    } finally {
      await closeLinkServers();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it.each([
    ['a body shorter than told', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n', '01234'],
    [
      'chunks without their end',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      '5\r\n01234\r\n',
    ],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', 'a\r\n01234'],
    ['no answer', ''],
    ['half an answer', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['no HTTP', `<garbage /exports/b.csv?Signature=${SECRET}>\r\n\r\n`],
  ])('is transient and tells nothing of the link: %s', async (_, ...pieces) => {
    const failure = await rawFailure(...pieces);
    expect(failure.fault).toBe('transient');
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });

  it('is transient while bytes come and stop coming', async () => {
    const { read } = await serveLinks((_, response) => void response.write(file), {
      limits: { bodyIdleTimeoutMs: 200 },
    });
    const failure = await linkFailureOf(read());
    expect([failure.fault, failure.message]).toEqual([
      'transient',
      expect.stringContaining('timeout'),
    ]);
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });

  it('is transient where nothing answers in time, and where nobody listens', async () => {
    const silent = await serveLinks(() => undefined, { limits: { headersTimeoutMs: 200 } });
    const slow = await linkFailureOf(silent.read());
    await closeLinkServers();
    const { read } = linkClient({ hosts: ['127.0.0.1'] });
    const gone = await linkFailureOf(read(silent.link));
    expect([slow.fault, gone.fault]).toEqual(['transient', 'transient']);
    expect(gone.message).toContain('ECONNREFUSED');
    expect(shown(slow) + shown(gone)).not.toMatch(/verysecret|exports/);
  });

  it('of headers beyond all bounds is refused', async () => {
    const { read } = await serveLinks((_, response) => {
      response.writeHead(200, { 'x-much': 'x'.repeat(300 * 1024) }).end(file);
    });
    const failure = await linkFailureOf(read());
    expect(failure.fault).toBe('refused');
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });
});
