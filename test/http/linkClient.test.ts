import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  closeLinkServers,
  linkClient,
  linkFailureOf,
  SECRET,
  serveLinks,
  shown,
} from './linkServer.ts';

afterEach(closeLinkServers);

const ETAG = '"5D41402ABC4B2A76B9719D911017C592"';
const file = '0123456789';

describe('a link', () => {
  it('is asked for once, with GET, whole and as it is', async () => {
    const { read, asked } = await serveLinks((_, response) => {
      response.writeHead(200, { etag: ETAG, 'content-length': 10 }).end(file);
    });
    expect(await read()).toMatchObject({
      ...{ text: file, startsAt: 0, totalBytes: 10 },
      headers: { etag: ETAG },
    });
    const [{ method, url, headers } = {}] = asked;
    expect([method, url]).toEqual(['GET', `/exports/b.csv?Expires=1&Signature=${SECRET}`]);
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('range');
    expect([asked.length, headers?.['accept-encoding']]).toEqual([1, 'identity']);
  });

  it('gives the bytes as they are stored, also where a content encoding is stored with them', async () => {
    const packed = gzipSync(file);
    const { client, link } = await serveLinks((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    });
    const bytes = await client.open(link)(
      { fromByte: 0, etag: null },
      async ({ body }) => {
        const pieces: Buffer[] = [];
        for await (const piece of body) pieces.push(piece);
        return Buffer.concat(pieces);
      },
      new AbortController().signal,
    );
    expect(bytes.equals(packed)).toBe(true);
  });

  it('of no told length has no total', async () => {
    const { read } = await serveLinks((_, response) => {
      response.write(file);
      response.end();
    });
    expect(await read()).toMatchObject({ text: file, totalBytes: null });
  });

  it('passes on what its consumer throws, as it is', async () => {
    const { client, link } = await serveLinks((_, response) => response.end(file));
    const own = new Error('my own');
    const fetching = client.open(link)(
      { fromByte: 0, etag: null },
      () => Promise.reject(own),
      new AbortController().signal,
    );
    await expect(fetching).rejects.toBe(own);
  });

  it('ends with the signal, by its reason', async () => {
    const leaving = new AbortController();
    const reason = new Error('shutdown');
    const { read } = await serveLinks((_, response) => {
      response.write(file, () => {
        leaving.abort(reason);
      });
    });
    await expect(read(undefined, leaving.signal)).rejects.toBe(reason);
  });
});

describe('a part of a file', () => {
  const from = { fromByte: 4, etag: ETAG };
  const part = { 'content-range': 'bytes 4-9/10', etag: ETAG };

  it('is asked for under its ETag, and comes from where it was asked for', async () => {
    const { read, asked } = await serveLinks((_, response) => {
      response.writeHead(206, part).end(file.slice(4));
    });
    expect(await read(from)).toMatchObject({ text: '456789', startsAt: 4, totalBytes: 10 });
    expect(asked[0]?.headers).toMatchObject({ range: 'bytes=4-', 'if-match': ETAG });
  });

  it('is the whole file where the server knows no ranges', async () => {
    const { read } = await serveLinks((_, response) => response.end(file));
    expect(await read(from)).toMatchObject({ text: file, startsAt: 0 });
  });

  it.each([
    ['no ETag', null],
    ['a weak ETag', `W/${ETAG}`],
    ['an ETag without quotes', 'abc'],
    ['an ETag with a line in it', '"a"\r\nx: "b"'],
  ])('is not asked for with %s', async (_, etag) => {
    const { read, asked } = await serveLinks((_request, response) => response.end(file));
    expect(await read({ fromByte: 4, etag })).toMatchObject({ text: file, startsAt: 0 });
    expect(asked[0]?.headers).not.toHaveProperty('range');
  });

  it.each([
    ['it is another file by now', 412, {}],
    ['there is nothing behind what is held', 416, { 'content-range': 'bytes */4' }],
    ['the part begins elsewhere', 206, { ...part, 'content-range': 'bytes 3-9/10' }],
    ['the part does not say where it begins', 206, { etag: ETAG }],
    ['the part is of another file', 206, { ...part, etag: '"other"' }],
    ['the part is of no told file', 206, { 'content-range': 'bytes 4-9/10' }],
    ['several parts come', 206, { etag: ETAG, 'content-type': 'multipart/byteranges' }],
  ])('is left for the whole, asked for once more, where %s', async (_, status, headers) => {
    const { read, asked } = await serveLinks((request, response) => {
      if (request.headers.range === undefined) response.end(file);
      else response.writeHead(status, headers).end('rubbish');
    });
    expect(await read(from)).toMatchObject({ text: file, startsAt: 0 });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['stops before the end of the file', '4567'],
    ['goes on behind it', '456789!'],
  ])('that %s is transient, never taken for the rest', async (_, text) => {
    const { read } = await serveLinks((_request, response) => {
      response.writeHead(206, part).end(text);
    });
    expect((await linkFailureOf(read(from))).fault).toBe('transient');
  });

  it('that was not asked for is refused', async () => {
    const { read } = await serveLinks((_, response) => response.writeHead(206, part).end('456789'));
    expect((await linkFailureOf(read())).fault).toBe('refused');
  });
});

describe('a redirect', () => {
  it('is followed three times, each judged anew, and not a fourth time', async () => {
    const { read, asked } = await serveLinks((request, response) => {
      const left = Number(/left=(\d)/.exec(request.url ?? '')?.[1] ?? '3');
      if (left === 0) response.end(file);
      else response.writeHead(302, { location: `/next?left=${left - 1}` }).end();
    });
    expect((await read()).text).toBe(file);
    expect(asked).toHaveLength(4);
    const endless = await serveLinks((_, response) => {
      response.writeHead(307, { location: `/again?Signature=${SECRET}` }).end();
    });
    const failure = await linkFailureOf(endless.read());
    expect([failure.fault, endless.asked.length]).toEqual(['refused', 4]);
    expect(shown(failure)).not.toMatch(/verysecret|again/);
  });

  it('to a host that is not allowed is not followed: nothing is sent there', async () => {
    let isReached = false;
    const other = await serveLinks(() => {
      isReached = true;
    });
    const { read } = await serveLinks((_, response) => {
      response.writeHead(302, { location: other.link.replace('127.0.0.1', 'localhost') }).end();
    });
    const failure = await linkFailureOf(read());
    expect([failure.fault, isReached]).toEqual(['host_refused', false]);
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });

  it('asks for the same part again', async () => {
    const { read, asked } = await serveLinks((request, response) => {
      if (request.url?.startsWith('/exports') === true) {
        response.writeHead(302, { location: '/elsewhere' }).end();
      } else {
        response.writeHead(206, { etag: ETAG, 'content-range': 'bytes 4-9/10' }).end('456789');
      }
    });
    expect((await read({ fromByte: 4, etag: ETAG })).startsAt).toBe(4);
    expect(asked.map(({ headers }) => headers.range)).toEqual(['bytes=4-', 'bytes=4-']);
  });
});

describe('a host', () => {
  const link = `https://bucket.aliyuncs.com/exports/b.csv?Signature=${SECRET}`;
  const at =
    (...addresses: readonly string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

  it.each([
    ['a private address', ['10.0.0.1']],
    ['a loopback address', ['127.0.0.1']],
    ['an address of a carrier', ['100.64.0.1']],
    ['an address that hands out credentials', ['100.100.100.200']],
    ['a link-local address', ['fe80::1']],
    ['a private address in a mapped one', ['::ffff:192.168.0.1']],
    ['a public and a private address', ['8.8.8.8', '10.0.0.1']],
  ])('below an allowed domain is not connected to when it has %s', async (_, addresses) => {
    const { read } = linkClient({ hosts: ['*.aliyuncs.com'], lookup: at(...addresses) });
    const failure = await linkFailureOf(read(link));
    expect(failure.fault).toBe('host_refused');
    expect(failure.message).toContain('bucket.aliyuncs.com has the address');
    expect(shown(failure)).not.toMatch(/verysecret|exports/);
  });

  it.each(['169.254.169.254', '100.100.100.200', 'fe80::1', 'fd00:ec2::254'])(
    'that is named itself is still not connected to at %s',
    async (address) => {
      const { read } = linkClient({ hosts: ['bucket.aliyuncs.com'], lookup: at(address) });
      expect((await linkFailureOf(read(link))).fault).toBe('host_refused');
    },
  );

  it('that is named itself may have a private address, the one that was judged', async () => {
    const looked: string[] = [];
    const { port } = await serveLinks((request, response) => response.end(request.headers.host));
    const { read } = linkClient({
      hosts: ['oss.example.com'],
      lookup: async (host) => {
        looked.push(host);
        // Whoever asked a second time would be led elsewhere.
        return [{ address: looked.length === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
      },
    });
    const { text } = await read(`http://oss.example.com:${port}/f`);
    expect([text, looked]).toEqual([`oss.example.com:${port}`, ['oss.example.com']]);
  });

  it('is judged below its domain although a connection to it by its name is kept', async () => {
    const { port } = await serveLinks((_, response) => response.end(file));
    const { read } = linkClient({
      hosts: [`oss.example.com:${port}`, '*.example.com'],
      lookup: at('127.0.0.1'),
    });
    expect((await read(`http://oss.example.com:${port}/f`)).text).toBe(file);
    const failure = await linkFailureOf(read('https://oss.example.com/f'));
    expect(failure.fault).toBe('host_refused');
  });

  it('that cannot be found is transient, and so is one that has no address', async () => {
    const missing = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    for (const lookup of [() => Promise.reject(missing), at()]) {
      const { read } = linkClient({ hosts: ['*.aliyuncs.com'], lookup });
      expect((await linkFailureOf(read(link))).fault).toBe('transient');
    }
  });
});
