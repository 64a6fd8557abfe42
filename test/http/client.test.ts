import { getEventListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeServed, failureOf, never, opened, serve } from './served.ts';

afterEach(closeServed);

describe('an answer', () => {
  it('has its status, lower-case headers and exact body', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(404, { 'X-Log-RequestId': 'R1' }).end('{"errorCode":"X"}');
    });
    const answer = await send();
    expect([answer.status, answer.headers['x-log-requestid'], answer.body.toString()]).toEqual([
      404,
      'R1',
      '{"errorCode":"X"}',
    ]);
  });

  it('may come from another name than the one connected to: Host is sent as given', async () => {
    const { send } = await serve((request, response) => response.end(request.headers.host));
    const answer = await send({ headers: { host: 'big-game.127.0.0.1:1' } });
    expect(answer.body.toString()).toBe('big-game.127.0.0.1:1');
  });

  it('reads UTF-8 header values as they were written', async () => {
    const { send } = await serve((_, response) => {
      const value = Buffer.from("级别 = 'ERROR' – é").toString('latin1');
      response.writeHead(200, { 'x-log-where-query': value }).end();
    });
    expect((await send()).headers['x-log-where-query']).toBe("级别 = 'ERROR' – é");
  });

  it('joins repeated headers', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'x-many': ['a', 'b'] }).end();
    });
    expect((await send()).headers['x-many']).toBe('a, b');
  });

  it('may have 100 KiB of headers', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'x-log-query-info': 'q'.repeat(100 * 1024) }).end();
    });
    expect((await send()).headers['x-log-query-info']).toHaveLength(100 * 1024);
  });

  it('is unpacked when it comes as gzip, which is asked for', async () => {
    const { send } = await serve((request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(`accepts ${String(request.headers['accept-encoding'])}`));
    });
    expect((await send()).body.toString()).toBe('accepts gzip');
  });

  it('is not a redirect followed', async () => {
    let requests = 0;
    const { send } = await serve((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect([(await send()).status, requests]).toEqual([302, 1]);
  });

  it('is not a server error retried', async () => {
    let requests = 0;
    const { send } = await serve((_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    expect([(await send()).status, requests]).toEqual([503, 1]);
  });

  it('comes over a kept connection: twenty in turn need two at most', async () => {
    const sockets = new Set<unknown>();
    const { send } = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    });
    for (let i = 0; i < 20; i += 1) await send();
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('echoes a body sent with a POST', async () => {
    const { send } = await serve((request, response) => request.pipe(response));
    expect((await send({ method: 'POST', body: '{"ü":1}' })).body.toString()).toBe('{"ü":1}');
  });
});

describe('a body beyond its bound', () => {
  const bodyBytesMax = 100_000;

  it('is refused and no longer read', async () => {
    let written = 0;
    const { send } = await serve(
      (_, response) => {
        const piece = Buffer.alloc(64 * 1024);
        const write = () => {
          while (!response.destroyed && written < 1e9 && response.write(piece)) {
            written += piece.length;
          }
        };
        response.on('drain', write);
        write();
      },
      { bodyBytesMax },
    );
    const failure = await failureOf(send());
    expect(failure.kind).toBe('too_large');
    expect(written).toBeLessThan(20_000_000);
  });

  it('is refused when it only unpacks to it: a gzip bomb', async () => {
    const { send } = await serve(
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.alloc(50_000_000)));
      },
      { bodyBytesMax },
    );
    expect((await failureOf(send())).kind).toBe('too_large');
  });

  it('is accepted at the bound exactly', async () => {
    const { send } = await serve((_, response) => response.end(Buffer.alloc(bodyBytesMax)), {
      bodyBytesMax,
    });
    expect((await send()).body).toHaveLength(bodyBytesMax);
  });
});

describe('a failure', () => {
  it('of headers beyond their bound is too_large', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'x-log-query-info': 'q'.repeat(300 * 1024) }).end();
    });
    expect((await failureOf(send())).kind).toBe('too_large');
  });

  it('to connect is network, and says why', async () => {
    const { client, request, port } = await serve(() => undefined);
    const { server } = opened[0] ?? {};
    await new Promise((resolve) => server?.close(resolve));
    const failure = await failureOf(client.send(request(), never));
    expect([failure.kind, failure.message]).toEqual([
      'network',
      expect.stringContaining(`GET 127.0.0.1:${port}/downloadjobs: `),
    ]);
    expect(failure.message).toContain('ECONNREFUSED');
  });

  it('by a reset is network', async () => {
    const { send } = await serve((request) => request.socket.resetAndDestroy());
    expect((await failureOf(send())).kind).toBe('network');
  });

  it('by a body shorter than promised is network, never a short answer', async () => {
    const { send } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"total":');
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect((await failureOf(send())).kind).toBe('network');
  });

  it('by a chunked body without its end is network', async () => {
    const { send } = await serve((request, response) => {
      response.write('{"total":0}');
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect((await failureOf(send())).kind).toBe('network');
  });

  it('by a gzip body that ends early is network', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync('x'.repeat(1000)).subarray(0, 15));
    });
    expect((await failureOf(send())).kind).toBe('network');
  });

  it('by an answer that is not HTTP is network, and carries none of its bytes', async () => {
    const { send } = await serve((request) => {
      request.socket.end('<garbage https://bucket/f?Signature=abc>\r\n\r\n');
    });
    const failure = await failureOf(send());
    expect(failure.kind).toBe('network');
    expect(JSON.stringify(failure, ['message', 'cause', 'data', 'code'])).not.toContain('abc');
  });

  it('to answer in time is a timeout', async () => {
    const { send } = await serve(() => undefined, { headersTimeoutMs: 300 });
    expect((await failureOf(send())).kind).toBe('timeout');
  });

  it('to go on with the body in time is a timeout', async () => {
    const { send } = await serve((_, response) => void response.write('{'), {
      bodyIdleTimeoutMs: 300,
    });
    expect((await failureOf(send())).kind).toBe('timeout');
  });

  it('to end within the total is a timeout, however steadily the body trickles', async () => {
    const { send } = await serve(
      (_, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => {
          clearInterval(timer);
        });
      },
      { totalTimeoutMs: 300 },
    );
    expect((await failureOf(send())).kind).toBe('timeout');
  });

  it('is aborted as soon as the signal fires, with its reason as the cause', async () => {
    const { client, request } = await serve(() => undefined);
    const controller = new AbortController();
    const reason = new Error('shutdown');
    const sending = failureOf(client.send(request(), controller.signal));
    setTimeout(() => {
      controller.abort(reason);
    }, 30);
    const failure = await sending;
    expect([failure.kind, failure.cause]).toEqual(['aborted', reason]);
  });

  it('is aborted before anything is sent when the signal has fired already', async () => {
    let requests = 0;
    const { client, request } = await serve((_, response) => {
      requests += 1;
      response.end();
    });
    const failure = await failureOf(client.send(request(), AbortSignal.abort(new Error('over'))));
    expect([failure.kind, requests]).toEqual(['aborted', 0]);
  });

  it('names method, host and path, never the query or a header', async () => {
    const { send, port } = await serve((request) => request.socket.destroy());
    const failure = await failureOf(
      send({ headers: { host: 'big-game.sls', authorization: 'LOG id:verysecret' } }),
    );
    expect(failure.message).toContain(`GET big-game.sls/downloadjobs (at 127.0.0.1:${port}): `);
    expect(failure.stack).not.toContain('verysecret');
  });

  it('leaves no listener on the signal of the caller', async () => {
    const { client, request } = await serve((_, response) => response.end('{}'));
    const controller = new AbortController();
    for (let i = 0; i < 20; i += 1) await client.send(request(), controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});
