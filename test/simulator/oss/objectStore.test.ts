import { get } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { FaultOptions } from '../../../src/simulator/faults.ts';
import { everyObjectFault, planFaults } from '../../../src/simulator/faults.ts';
import type { World } from '../world.ts';
import { PROJECT, START_MS, closeAfterEach, listBody, oldJobs, startWorld } from '../world.ts';
import { ROWS, detailsOf, fetched, linkOf, md5, refusal, startWithFile } from './fetched.ts';

closeAfterEach();

const ALWAYS = 1;
const FILE = { rows: ROWS };

describe('a link', () => {
  it('leads to the file that the job tells of', async () => {
    const world = await startWithFile(FILE);
    const details = await detailsOf(world);
    const { status, headers, bytes } = await fetched(details.filePath ?? '');
    expect(status).toBe(200);
    expect(details).toMatchObject({ fileSize: bytes.length, checkSum: md5(bytes), logCount: 300 });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: `"${md5(bytes)}"`,
      'last-modified': expect.stringMatching(/GMT$/),
      'x-oss-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
    });
    expect(world.simulator.project(PROJECT).file('job-001')).toEqual({
      rows: ROWS,
      bytes,
      etag: md5(bytes),
    });
    expect(world.simulator.requests()['GetObject']).toEqual({ '200': 1 });
  });

  it('is another one in every answer, and each of them is good; List gives them too', async () => {
    const world = await startWithFile(FILE);
    const [row] = listBody(await world.list()).results;
    const links = [await linkOf(world), await linkOf(world), row?.executionDetails.filePath ?? ''];
    const statuses = await Promise.all(links.map(async (link) => (await fetched(link)).status));
    expect([new Set(links).size, statuses]).toEqual([3, [200, 200, 200]]);
  });

  it('is good until the second that it names, and refused in XML from then on', async () => {
    const world = await startWithFile(FILE, { linkLifetimeS: 60 });
    const link = await linkOf(world);
    world.clock.nowMs += 59_999;
    const last = await fetched(link);
    world.clock.nowMs += 1;
    const late = await fetched(link);
    expect([refusal(last), refusal(late), late.headers.get('content-type')]).toEqual([
      '200',
      '403 AccessDenied',
      'application/xml',
    ]);
    expect(late.bytes.toString('utf8')).toBe(
      `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Request has expired.</Message><RequestId>${late.headers.get('x-oss-request-id') ?? ''}</RequestId><HostId>127.0.0.1:${world.simulator.port}</HostId></Error>`,
    );
    expect(refusal(await fetched(await linkOf(world)))).toBe('200');
  });

  it('is refused when any part of it is another', async () => {
    const world = await startWithFile(FILE);
    const link = await linkOf(world);
    const changed = [
      link.replace(/Expires=\d+/, (found) => `${found.slice(0, -1)}9`),
      link.replace('STS.', 'STT.'),
      link.replace(/Signature=../, 'Signature=AB'),
      link.replace(/Signature=.*/, 'Signature='),
      link.replace(/Expires=\d+/, 'Expires=soon'),
      link.replace(/&Signature=.*/, ''),
      link.replace(/\?.*/, ''),
    ];
    const refusals = await Promise.all(changed.map(async (one) => refusal(await fetched(one))));
    const wrong = '403 SignatureDoesNotMatch';
    const bare = '403 AccessDenied';
    expect(refusals).toEqual([wrong, wrong, wrong, wrong, wrong, bare, bare]);
  });

  it('of one job opens no other', async () => {
    const ending = { status: 'SUCCEEDED', file: FILE } as const;
    const jobs = oldJobs(2).map((job) => ({ ...job, ending }));
    const link = await linkOf(await startWorld({ project: { jobs } }));
    expect(refusal(await fetched(link.replace('job-001', 'job-002')))).toBe(
      '403 SignatureDoesNotMatch',
    );
  });

  it('of a job without a real file, of a deleted one and of one that runs again leads to nothing', async () => {
    const made = await startWorld({ project: { jobs: oldJobs(1) } });
    const real = await startWithFile(FILE);
    const link = await linkOf(real);
    real.simulator.project(PROJECT).delete('job-001');
    const deleted = await fetched(link);
    real.simulator.project(PROJECT).insert({ name: 'job-001', ending: { status: 'never' } });
    expect([
      refusal(await fetched(await linkOf(made))),
      refusal(deleted),
      refusal(await fetched(link)),
    ]).toEqual(['404 NoSuchKey', '404 NoSuchKey', '404 NoSuchKey']);
  });

  it('opens files whose job has any name', async () => {
    const ending = { status: 'SUCCEEDED', file: FILE } as const;
    const names = ['a.csv', 'a.csv.gzip', 'x/y', 'ä ö+%2F', '下载'];
    const jobs = names.map((name) => ({ name, ending, startMs: 0, runMs: 0 }));
    const world = await startWorld({ project: { jobs } });
    const links = listBody(await world.list()).results.map((row) => row.executionDetails.filePath);
    const seen = await Promise.all(links.map(async (link) => refusal(await fetched(link ?? ''))));
    expect(seen).toEqual(names.map(() => '200'));
  });
});

describe('a part of a file', () => {
  const whole = async (world: World): Promise<{ link: string; bytes: Buffer; etag: string }> => {
    const link = await linkOf(world);
    const { bytes, headers } = await fetched(link);
    return { link, bytes, etag: headers.get('etag') ?? '' };
  };

  it.each([
    ['bytes=100-', 100, undefined],
    ['bytes=100-199', 100, 200],
    ['bytes=-50', -50, undefined],
  ])('%s is those bytes under 206', async (range, start, end) => {
    const { link, bytes } = await whole(await startWithFile(FILE));
    const part = await fetched(link, { range });
    const expected = bytes.subarray(start, end);
    const first = start < 0 ? bytes.length + start : start;
    expect([part.status, part.bytes.equals(expected), part.headers.get('content-range')]).toEqual([
      206,
      true,
      `bytes ${first}-${first + expected.length - 1}/${bytes.length}`,
    ]);
  });

  it('behind the end is refused, and told the size', async () => {
    const { link, bytes } = await whole(await startWithFile(FILE));
    const answer = await fetched(link, { range: `bytes=${bytes.length}-` });
    expect([refusal(answer), answer.headers.get('content-range')]).toEqual([
      '416 InvalidRange',
      `bytes */${bytes.length}`,
    ]);
  });

  it('of another file than is held is refused by If-Match, and the whole of it by If-Range', async () => {
    const { link, etag } = await whole(await startWithFile(FILE));
    const ask = async (headers: Readonly<Record<string, string>>): Promise<string> =>
      refusal(await fetched(link, { range: 'bytes=1-', ...headers }));
    expect([
      await ask({ 'if-match': etag }),
      await ask({ 'if-match': '"other"' }),
      await ask({ 'if-range': etag }),
      await ask({ 'if-range': '"other"' }),
    ]).toEqual(['206', '412 PreconditionFailed', '206', '200']);
  });

  it('is told of by HEAD, which sends none of it', async () => {
    const world = await startWithFile(FILE);
    const { link, bytes } = await whole(world);
    const head = await fetched(link, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
      200,
      String(bytes.length),
      0,
    ]);
    expect(world.simulator.requests()['HeadObject']).toEqual({ '200': 1 });
  });
});

describe('a fault', () => {
  const struck = async (faults: FaultOptions): Promise<{ world: World; link: string }> => {
    const world = await startWithFile(FILE);
    const link = await linkOf(world);
    world.simulator.setFaults(faults);
    return { world, link };
  };

  it.each([
    [{ throttle: ALWAYS }, '503 SlowDown'],
    [{ internalServerError: ALWAYS }, '500 InternalError'],
    [{ serverBusy: ALWAYS }, '503 ServiceUnavailable'],
    [{ emptyServerError: ALWAYS }, '500'],
    [{ badGateway: ALWAYS }, '502'],
    [{ linkExpired: ALWAYS }, '403 AccessDenied'],
    [{ redirect: ALWAYS }, '302'],
  ])('%j gives %s', async (faults, expected) => {
    const { link } = await struck(faults);
    expect(refusal(await fetched(link))).toBe(expected);
  });

  it('throttle says sometimes, but not always, how long to wait', async () => {
    const { link } = await struck({ throttle: ALWAYS });
    const waits = new Set<string | null>();
    for (let n = 0; n < 12; n += 1) waits.add((await fetched(link)).headers.get('retry-after'));
    expect(waits).toEqual(new Set(['1', null]));
  });

  it('noRange gives the whole file to whoever asks for a part', async () => {
    const { link } = await struck({ noRange: ALWAYS });
    const { status, headers } = await fetched(link, { range: 'bytes=5-' });
    expect([status, headers.get('accept-ranges')]).toEqual([200, null]);
  });

  it('shortFile leaves the last byte out, and nothing on the way tells', async () => {
    const { world, link } = await struck({ shortFile: ALWAYS });
    const { bytes, etag } = world.simulator.project(PROJECT).file('job-001') ?? {};
    const short = await fetched(link);
    expect([
      short.status,
      short.bytes.equals(bytes?.subarray(0, -1) ?? short.bytes.subarray(1)),
    ]).toEqual([200, true]);
    expect(short.headers.get('etag')).toBe(`"${etag ?? ''}"`);
  });

  it('changedFile is another content of the same size under another ETag, for as long as it strikes', async () => {
    const { link } = await struck({ changedFile: { at: [1] } });
    const seen = [await fetched(link), await fetched(link), await fetched(link)] as const;
    const tags = seen.map(({ headers }) => headers.get('etag'));
    const [first, changed, again] = seen.map(({ bytes }) => md5(bytes));
    expect([tags[0] === tags[2], tags[0] === tags[1]]).toEqual([true, false]);
    expect([first === again, first === changed]).toEqual([true, false]);
    expect(seen[1].bytes.length).toBe(seen[0].bytes.length);
  });

  it('cutBody and reset break the connection', async () => {
    const { world, link } = await struck({ cutBody: ALWAYS });
    await expect(fetched(link)).rejects.toThrow();
    world.simulator.setFaults({ reset: ALWAYS });
    await expect(fetched(link)).rejects.toThrow();
    expect(world.simulator.requests()['GetObject']).toEqual({ cut: 1, reset: 1 });
  });

  it('cutBody cuts a large file somewhere in its middle, each time at another place', async () => {
    const made = { madeRows: 400_000, fromS: 1_795_000_000, perSecond: 10, etag: 'large' };
    const world = await startWithFile(made);
    const { filePath = '', fileSize = 0 } = await detailsOf(world);
    world.simulator.setFaults({ cutBody: ALWAYS });
    const shares = [await bytesUntilCut(filePath), await bytesUntilCut(filePath)].map(
      (bytes) => bytes / fileSize,
    );
    expect(fileSize).toBeGreaterThan(80_000_000);
    expect(shares.every((share) => share > 0.01 && share < 1)).toBe(true);
    expect(shares[0]).not.toBeCloseTo(shares[1] ?? 0, 2);
  });

  it('trickle is slow, and whole', async () => {
    const { world, link } = await struck({ trickle: { when: ALWAYS, durationMs: 200 } });
    const begun = performance.now();
    const { bytes } = await fetched(link);
    expect(performance.now() - begun).toBeGreaterThan(180);
    expect(md5(bytes)).toBe(world.simulator.project(PROJECT).file('job-001')?.etag);
  });

  it('of a job tells what is not so of its file: in List and in Get, each time of the same jobs', async () => {
    const ending = { status: 'SUCCEEDED', file: FILE } as const;
    const jobs = oldJobs(20).map((job) => ({ ...job, ending }));
    const world = await startWorld({
      project: { jobs },
      faults: { wrongLength: 0.4, wrongCheckSum: 0.4 },
    });
    const [right] = world.simulator.project(PROJECT).jobs();
    const flaws = (details: { fileSize?: number; checkSum?: string }): string =>
      `${Number(details.fileSize !== right?.executionDetails.fileSize)}${Number(details.checkSum === world.simulator.project(PROJECT).file('job-001')?.etag)}`;
    const listed = async (): Promise<readonly string[]> =>
      listBody(await world.list({ size: '20' })).results.map((row) => flaws(row.executionDetails));
    const first = await listed();
    const got = await Promise.all(
      oldJobs(20).map(async ({ name }) => flaws(await detailsOf(world, name))),
    );
    expect(new Set(first).size).toBe(2 + 2);
    expect(await listed()).toEqual(first);
    expect(got.toReversed()).toEqual(first);
  });

  it('of fetching strikes all at once, and no listing is among them', () => {
    const all = planFaults(everyObjectFault(1), 3, 0);
    expect([...all.plain].sort()).toEqual(
      ['changedFile', 'cutBody', 'linkExpired', 'noRange', 'notJson', 'reset', 'shortFile'].sort(),
    );
    expect(all.rowShares.size).toBe(0);
  });
});

describe('a huge file', () => {
  it('is served without being held', async () => {
    const made = { madeRows: 1_200_000, fromS: START_MS / 1000, perSecond: 100, etag: 'huge' };
    const { filePath = '', fileSize = 0 } = await detailsOf(await startWithFile(made));
    const before = process.memoryUsage().rss;
    let peak = 0;
    const read = await readThrough(filePath, () => {
      peak = Math.max(peak, process.memoryUsage().rss - before);
    });
    expect(read).toBe(fileSize);
    expect(fileSize).toBeGreaterThan(240_000_000);
    expect(peak).toBeLessThan(220_000_000);
  });
});

/** @returns how many bytes came @throws when the connection breaks before the body is whole */
function readThrough(link: string, onPiece: (bytes: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    get(link, { agent: false }, (incoming) => {
      incoming.on('data', (piece: Buffer) => {
        bytes += piece.length;
        onPiece(bytes);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve(bytes);
      });
    }).on('error', reject);
  });
}

async function bytesUntilCut(link: string): Promise<number> {
  let seen = 0;
  const reading = readThrough(link, (bytes) => {
    seen = bytes;
  });
  await expect(reading).rejects.toThrow();
  return seen;
}
