import { afterEach, describe, expect, it } from '@jest/globals';
import { closeServed, failureOf, never, serve } from './served.ts';

afterEach(closeServed);

describe('a streamed answer', () => {
  async function read(body: AsyncIterable<Buffer>): Promise<string> {
    let text = '';
    for await (const piece of body) text += piece.toString();
    return text;
  }

  it('comes in pieces, with its status and headers, of any size', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const { client, request } = await serve(
      (asked, response) => {
        response.writeHead(201, { 'x-coding': asked.headers['accept-encoding'] });
        for (let n = 0; n < 40; n++) response.write(piece);
        response.end();
      },
      { bodyBytesMax: 1_000 },
    );
    const got = await client.stream(
      request(),
      async ({ status, headers, body }) => [status, headers['x-coding'], (await read(body)).length],
      never,
    );
    expect(got).toEqual([201, 'identity', 40 * 64 * 1024]);
  });

  it('that is cut fails as network inside, whatever its consumer makes of it', async () => {
    const { client, request } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const failure = await failureOf(client.stream(request(), ({ body }) => read(body), never));
    expect(failure.kind).toBe('network');
    expect(failure.message).not.toContain('verysecret');
  });

  it('that stops coming is a timeout', async () => {
    const { client, request } = await serve(
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
      },
      { bodyIdleTimeoutMs: 200 },
    );
    const failure = await failureOf(client.stream(request(), ({ body }) => read(body), never));
    expect(failure.kind).toBe('timeout');
  });

  it('passes on what its consumer throws, as it is, and leaves the client usable', async () => {
    const { client, request, send } = await serve((_, response) => {
      response.end('x'.repeat(1_000_000));
    });
    const own = new Error('my own');
    await expect(client.stream(request(), () => Promise.reject(own), never)).rejects.toBe(own);
    const early = async ({ body }: { readonly body: AsyncIterable<Buffer> }) => {
      for await (const piece of body) return piece.length > 0;
      return false;
    };
    expect(await client.stream(request(), early, never)).toBe(true);
    expect((await send()).body).toHaveLength(1_000_000);
  });

  it('ends with the signal of its caller', async () => {
    const { client, request } = await serve((_, response) => {
      response.writeHead(200);
      response.write('begun');
    });
    const leaving = new AbortController();
    const consume = async ({ body }: { readonly body: AsyncIterable<Buffer> }) => {
      for await (const piece of body) if (piece.length > 0) leaving.abort(new Error('enough'));
    };
    const failure = await failureOf(client.stream(request(), consume, leaving.signal));
    expect(failure.kind).toBe('aborted');
  });
});
