import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SourceError } from '../../src/providers/sourceError.ts';
import { csv, downloadWorld, failureOf } from './downloadKit.ts';
import { jobNamed } from './engineKit.ts';

describe('the file of a finished job', () => {
  it('is wanted by the walk that lists its job, and loaded from a link that was asked for then', async () => {
    const { load, stored, asked, requests } = await downloadWorld();
    expect(stored()).toMatchObject({ status: 'waiting' });
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(stored()).toMatchObject({
      ...{ status: 'loaded', reason: null, records: 3, rows: 3, rejected: 0, compression: 'none' },
      fetched: { etagVerified: true, verification: 'md5', contentType: 'csv', logCount: '3' },
      stored: [
        {
          rowNo: 1,
          loggedAtMs: 1_722_409_260_000,
          content: '{"__time__":"1722409260","message":"one"}',
        },
        { rowNo: 2, content: '{"__time__":"1722409261","message":"two\\nlines"}' },
        { rowNo: 3 },
      ],
    });
    expect([asked.length, requests.length]).toEqual([1, 1]);
  });

  it('is fetched once: asking again answers what was found', async () => {
    const { load, requests } = await downloadWorld();
    await load();
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(requests).toHaveLength(1);
  });

  it('is not wanted by a stream without download: true', async () => {
    const { sink, stored } = await downloadWorld({ settings: { download: false } });
    expect([sink.contents.jobs.size, stored()]).toEqual([1, undefined]);
  });

  it('goes on behind what is held when it is cut off', async () => {
    const { load, requests } = await downloadWorld({
      store: (request) => (request === 1 ? { cutAt: 20 } : null),
    });
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(requests.map(({ fromByte, etag }) => [fromByte, etag])).toEqual([
      [0, null],
      [20, '"e"'],
    ]);
  });

  it('is fetched from a fresh link when one has expired, also in the middle', async () => {
    const { load, requests, asked } = await downloadWorld({
      store: (request) => (request === 1 ? { cutAt: 20 } : request === 2 ? 'expired' : null),
    });
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(asked).toHaveLength(2);
    expect(requests.map(({ fromByte }) => fromByte)).toEqual([0, 20, 20]);
    expect(requests[2]?.link).not.toBe(requests[1]?.link);
  });

  it.each(['expired', 'transient'] as const)(
    'whose every link is %s is given up for now after six tries, with the reason shown and no secret in it',
    async (fault) => {
      const { load, requests, stored, log } = await downloadWorld({ store: () => fault });
      const error = await failureOf(load());
      expect([error.kind, requests.length]).toEqual(['transient', 6]);
      expect(stored()).toMatchObject({ status: 'waiting', reason: error.message });
      expect(JSON.stringify([error.message, log.lines, stored()])).not.toContain('verysecret');
    },
  );

  it('of which each try brings a byte is given up for now after two hundred of them', async () => {
    const { load, requests } = await downloadWorld({
      file: csv.padEnd(1_000, 'x'),
      store: (request) => ({ cutAt: request }),
    });
    const error = await failureOf(load());
    expect([error.kind, requests.length]).toEqual(['transient', 200]);
  });

  it('is waited for as long as the store asks, and by another try when that is too long', async () => {
    const short = await downloadWorld({
      store: (n) => (n === 1 ? 'throttled' : null),
      retryAfterMs: 7_000,
    });
    const before = short.clock.nowMs();
    expect(await short.load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(short.clock.nowMs() - before).toBeGreaterThanOrEqual(7_000);
    const long = await downloadWorld({ store: () => 'throttled', retryAfterMs: 120_000 });
    const resumeAtMs = long.clock.nowMs() + 120_000;
    expect(await long.load()).toEqual({ kind: 'paused', resumeAtMs });
    // It may ask so for ever: that must not look like a file that was never tried.
    expect(long.stored()).toMatchObject({
      status: 'waiting',
      reason: expect.stringContaining('store.example.com answered'),
    });
  });

  it('on a host that is not allowed is a matter of configuration: it waits, and says so', async () => {
    const { load, stored } = await downloadWorld({ store: () => 'host_refused' });
    const error = await failureOf(load());
    expect(error.kind).toBe('rejected');
    expect(stored()).toMatchObject({ status: 'waiting', reason: error.message });
  });

  it.each([
    ['no_file', 'no_file'],
    ['not_a_link', 'not_a_link'],
    ['refused', 'refused'],
  ] as const)('that the store has not (%s) has failed', async (fault, word) => {
    const { load, stored } = await downloadWorld({ store: () => fault });
    const reason = expect.stringMatching(new RegExp(`^${word}: `));
    expect(await load()).toEqual({ kind: 'failed', rows: 0, reason });
    expect(stored()).toMatchObject({ status: 'failed', reason });
  });

  it.each([
    ['size', { fileSize: 7 }],
    ['checksum', { checkSum: '0'.repeat(32) }],
  ] as const)(
    'of the wrong %s is fetched three times from its beginning, with pauses, and has failed then',
    async (what, details) => {
      const { load, requests, stored, clock } = await downloadWorld({ details });
      const before = clock.nowMs();
      expect(await load()).toMatchObject({ kind: 'failed', rows: 0 });
      expect(clock.nowMs() - before).toBeGreaterThanOrEqual(7_500);
      expect(stored()?.reason).toMatch(new RegExp(`^wrong_${what}: .*fetched 3 times`));
      expect(requests.map(({ fromByte }) => fromByte)).toEqual([0, 0, 0]);
      expect(stored()?.stored).toEqual([]);
    },
  );

  it('of the wrong checksum is loaded and marked where the stream says so', async () => {
    const { load, stored } = await downloadWorld({
      details: { checkSum: '0'.repeat(32) },
      settings: { checkSum: 'recorded' },
    });
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(stored()?.fetched).toMatchObject({ etagVerified: false, verification: 'mismatch' });
  });

  it.each([
    ['ETASFGASDASQWDasd', 'unknown_form'],
    ['', 'no_checksum'],
  ])('with the checksum %j is loaded and not called verified', async (checkSum, verification) => {
    const { load, stored } = await downloadWorld({ details: { checkSum } });
    expect(await load()).toEqual({ kind: 'loaded', rows: 3 });
    expect(stored()?.fetched).toMatchObject({ etagVerified: false, verification });
  });

  it.each([2, 4])(
    'with other rows than the %i that the service counts is incomplete',
    async (logCount) => {
      const { load } = await downloadWorld({ details: { logCount } });
      const reason = `rows_differ: 3 rows loaded, 0 rejected, log_count says ${logCount}`;
      expect(await load()).toEqual({ kind: 'incomplete', rows: 3, reason });
    },
  );

  it('keeps bad rows among the rejected entries with their line, and loads the rest', async () => {
    const { load, sink } = await downloadWorld({
      file: csv.replace(',three', ''),
      details: { logCount: 3 },
    });
    const reason = 'rows_differ: 2 rows loaded, 1 rejected, log_count says 3';
    expect(await load()).toEqual({ kind: 'incomplete', rows: 2, reason });
    const [rejected] = [...sink.contents.rejected.values()];
    expect(rejected?.reason).toBe('row_ragged');
    expect(JSON.parse(rejected?.raw ?? '')).toMatchObject({
      job: 'a',
      row: 3,
      line: 5,
      text: '1722409262',
    });
  });

  it('in a format that nobody knows has failed', async () => {
    const { load } = await downloadWorld({
      ask: () => ({ ...jobNamed('a'), executionDetails: { filePath: 'https://x/y' } }),
    });
    expect(await load()).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/^unknown_format: /),
    });
  });

  it('without a link has failed, and so has that of a job which is gone', async () => {
    const unlinked = await downloadWorld({ details: { filePath: '' } });
    expect(await unlinked.load()).toMatchObject({ reason: expect.stringMatching(/^no_link: /) });
    const detail = { api: 'GetDownloadJob', status: 404, code: 'JobNotExist' };
    const deleted = await downloadWorld({
      ask: () => {
        throw new SourceError('rejected', 'no such job', { detail });
      },
    });
    expect(await deleted.load()).toMatchObject({ reason: expect.stringMatching(/^job_gone: /) });
    const again = await downloadWorld({
      ask: () => ({ ...jobNamed('a'), createTime: '1722419999' }),
    });
    expect(await again.load()).toMatchObject({ reason: expect.stringMatching(/^job_gone: /) });
  });

  it('is left to whoever claims it later', async () => {
    let other: Promise<unknown> = Promise.resolve();
    const claims = { overtaken: false };
    const some = await downloadWorld({
      store: () => {
        if (!claims.overtaken) {
          claims.overtaken = true;
          other = some.load();
        }
        return null;
      },
    });
    const [first, second] = [await some.load(), await other];
    expect([first, second]).toContainEqual({ kind: 'loaded', rows: 3 });
    expect(some.stored()?.stored.map(({ rowNo }) => rowNo)).toEqual([1, 2, 3]);
  });

  it('is loaded exactly once wherever its loaders are stopped', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `${1_722_409_260 + n},row ${n}`);
    const file = `__time__,message\n${lines.join('\n')}\n`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(12), { maxLength: 4 }), async (stops) => {
        const { load, sink, stored } = await downloadWorld({
          file,
          details: { logCount: lines.length },
        });
        for (const batches of stops) {
          const stop = new AbortController();
          let left = batches;
          const appendRows = sink.appendRows.bind(sink);
          Object.assign(sink, {
            appendRows: async (append: Parameters<typeof appendRows>[0]) => {
              if (left === 0) stop.abort(new Error('killed'));
              left -= 1;
              return appendRows(append);
            },
          });
          await load(stop.signal).catch(() => undefined);
          Object.assign(sink, { appendRows });
        }
        expect(await load()).toMatchObject({ kind: 'loaded', rows: lines.length });
        expect(stored()?.stored.map(({ rowNo }) => rowNo)).toEqual(lines.map((_, n) => n + 1));
      }),
      { numRuns: 6 },
    );
  });
});
