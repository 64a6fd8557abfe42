import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  DownloadProgress,
  DownloadRef,
  DownloadRow,
} from '../../../src/sinks/downloadSink.ts';
import type { SinkUnderTest } from './harness.ts';
import { completeWalk, entry, newStream } from './harness.ts';

const fetched = (sha = 'a') => ({
  ...{ sha256: sha.repeat(64), bytes: 1_000, etagVerified: true, verification: 'md5' },
  ...{ contentType: 'csv', logCount: '9007199254740993' },
});
const dayMs = Date.UTC(2026, 10, 22);

function row(rowNo: number, loggedAtMs: number | null = dayMs): DownloadRow {
  return { rowNo, loggedAtMs, content: `{"message":"row ${rowNo}","path":"C:\\\\a\\tb"}` };
}

const content = (rowNo: number) => ({ message: `row ${rowNo}`, path: 'C:\\a\tb' });

export function downloadContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function streamWith(...entries: Parameters<typeof completeWalk>[1]['entries']) {
    const streamId = await newStream(under.sink);
    await completeWalk(under.sink, { streamId, runId: 'r', entries, nowMs: 10_000 });
    return streamId;
  }
  const want = (streamId: string, entryKeys: readonly string[]) =>
    under.sink.wantDownloads({ streamId, entryKeys, status: 'SUCCEEDED', nowMs: 11_000 });

  /** A stream with one finished job `a`, whose file is wanted. */
  async function wanted(): Promise<string> {
    const streamId = await streamWith(entry('a', 'SUCCEEDED'));
    await want(streamId, ['a']);
    return streamId;
  }
  async function claim(streamId: string): Promise<DownloadRef> {
    const begun = await under.sink.beginDownload({ streamId, entryKey: 'a' });
    if (begun.kind !== 'begun') throw new Error(`not begun: ${begun.kind}`);
    return begun.download;
  }
  async function startAt(streamId: string, sha = 'a') {
    const download = await claim(streamId);
    const file = fetched(sha);
    const started = await under.sink.startLoading({ download, file, nowMs: 13_000 });
    if (started.kind !== 'loading') throw new Error('fenced off');
    return started;
  }
  async function appendTo(
    streamId: string,
    download: DownloadRef,
    given: { readonly rows: readonly DownloadRow[]; readonly progress: DownloadProgress },
  ): Promise<DownloadRef> {
    const batch = { download, streamId, rejected: [], nowMs: 14_000, ...given };
    const appended = await under.sink.appendRows(batch);
    if (appended.kind !== 'stored') throw new Error('fenced off');
    return appended.download;
  }
  const first = async (streamId: string) => {
    const [file] = await under.downloads(streamId);
    if (file === undefined) throw new Error('there is no file');
    return file;
  };

  describe('the file of a job', () => {
    it('is wanted once its job has the status, and once only', async () => {
      const jobs = [entry('a', 'SUCCEEDED'), entry('b', 'RUNNING'), entry('c', 'ERROR')];
      const streamId = await streamWith(...jobs);
      expect(await want(streamId, ['a', 'b', 'c', 'unknown'])).toEqual([
        { streamId, entryKey: 'a' },
      ]);
      expect(await want(streamId, ['a'])).toEqual([{ streamId, entryKey: 'a' }]);
      expect(await under.downloads(streamId)).toMatchObject([
        { status: 'waiting', counts: [0, 0, 0] },
      ]);
    });

    it('of another stream is another file', async () => {
      const [one, two] = [await wanted(), await wanted()];
      await startAt(one);
      expect((await first(two)).status).toBe('waiting');
    });

    it('is open until it is loaded, in the order of ids and from any of them on', async () => {
      const keys = ['a', 'b', 'c'];
      const streamId = await streamWith(...keys.map((key) => entry(key, 'SUCCEEDED')));
      await want(streamId, keys);
      const query = { streamId, afterId: '0', limit: 2 };
      const page = await under.sink.openDownloads(query);
      expect(page.map(({ entryKey }) => entryKey)).toEqual(['a', 'b']);
      const afterId = page.at(-1)?.id ?? '';
      const rest = await under.sink.openDownloads({ ...query, afterId });
      expect(rest.map(({ entryKey }) => entryKey)).toEqual(['c']);
      const download = await claim(streamId);
      const ending = { status: 'failed', reason: 'no such file' } as const;
      await under.sink.endDownload({ download, ending, compression: null, keptAt: null, nowMs: 1 });
      const open = await under.sink.openDownloads({ ...query, limit: 9 });
      expect(open.map(({ entryKey }) => entryKey)).toEqual(['b', 'c']);
      expect(await want(streamId, keys)).toHaveLength(2);
    });

    it('that nobody wants cannot be claimed', async () => {
      const streamId = await streamWith(entry('a', 'SUCCEEDED'));
      const claimed = await under.sink.beginDownload({ streamId, entryKey: 'a' });
      expect(claimed).toEqual({ kind: 'absent' });
      expect(await under.sink.readDownload({ streamId, entryKey: 'a' })).toBeNull();
    });

    it('is stored with its rows, in batches, and its end', async () => {
      const streamId = await wanted();
      const { download, from } = await startAt(streamId);
      expect(from).toEqual({ records: 0, rows: 0, rejected: 0 });
      const one = await appendTo(streamId, download, {
        rows: [row(1), row(2, null)],
        progress: { records: 3, rows: 2, rejected: 1 },
      });
      expect(await first(streamId)).toMatchObject({ status: 'loading', counts: [3, 2, 1] });
      const two = await appendTo(streamId, one, {
        rows: [row(4, Date.UTC(1970, 0)), row(5, Date.UTC(2031, 5))],
        progress: { records: 5, rows: 4, rejected: 1 },
      });
      const ending = { status: 'incomplete', reason: '4 of 5 rows' } as const;
      const end = { download: two, ending, compression: 'gzip', keptAt: '/x/y', nowMs: 15_000 };
      expect(await under.sink.endDownload(end)).toEqual({ kind: 'ended' });
      expect(await first(streamId)).toEqual({
        ...{ status: 'incomplete', reason: '4 of 5 rows', sha256: 'a'.repeat(64) },
        ...{ etagVerified: true, logCount: '9007199254740993', compression: 'gzip' },
        ...{ keptAt: '/x/y', endedAtMs: 15_000, counts: [5, 4, 1] },
        stored: [
          [1, dayMs, content(1)],
          [2, null, content(2)],
          [4, Date.UTC(1970, 0), content(4)],
          [5, Date.UTC(2031, 5), content(5)],
        ],
      });
    });

    it('keeps its bad records among the rejected entries, each once however often it is read', async () => {
      const streamId = await wanted();
      const rejected = [{ reason: 'row_ragged', raw: { line: 2, text: 'a\0b' } }];
      for (const sha of ['a', 'b']) {
        const { download } = await startAt(streamId, sha);
        const progress = { records: 1, rows: 0, rejected: 1 };
        await under.sink.appendRows({ download, streamId, rows: [], rejected, progress, nowMs: 9 });
      }
      expect(await under.rejected(streamId)).toMatchObject([
        { reason: 'row_ragged', raw: { line: 2, text: 'a\u{FFFD}b' }, count: 1 },
      ]);
    });

    it('goes on behind what is stored when the same bytes come again', async () => {
      const streamId = await wanted();
      const progress = { records: 2, rows: 2, rejected: 0 };
      const { download } = await startAt(streamId);
      await appendTo(streamId, download, { rows: [row(1), row(2)], progress });
      const again = await startAt(streamId);
      expect(again.from).toEqual(progress);
      const further = { records: 3, rows: 3, rejected: 0 };
      await appendTo(streamId, again.download, { rows: [row(3)], progress: further });
      expect((await first(streamId)).stored.map(([rowNo]) => rowNo)).toEqual([1, 2, 3]);
    });

    it('begins anew when other bytes come, and nothing of the old ones is left', async () => {
      const streamId = await wanted();
      const { download } = await startAt(streamId);
      const progress = { records: 2, rows: 2, rejected: 0 };
      await appendTo(streamId, download, { rows: [row(1), row(2)], progress });
      const again = await startAt(streamId, 'b');
      expect(again.from).toEqual({ records: 0, rows: 0, rejected: 0 });
      expect(await first(streamId)).toMatchObject({
        sha256: 'b'.repeat(64),
        stored: [],
        counts: [0, 0, 0],
      });
    });

    it('of a loader that was fenced off is left as it is by every step', async () => {
      const streamId = await wanted();
      const { download } = await startAt(streamId);
      await claim(streamId);
      const before = await first(streamId);
      const moved = { kind: 'moved' };
      const { sink } = under;
      const progress = { records: 1, rows: 1, rejected: 0 };
      const late = { download, nowMs: 20_000 };
      const rejected = [{ reason: 'row_ragged', raw: {} }];
      expect(
        await sink.appendRows({ ...late, streamId, rows: [row(1)], rejected, progress }),
      ).toEqual(moved);
      expect(await sink.startLoading({ ...late, file: fetched('b') })).toEqual(moved);
      const ending = { status: 'loaded', reason: null } as const;
      expect(await sink.endDownload({ ...late, ending, compression: null, keptAt: null })).toEqual(
        moved,
      );
      await sink.noteDownloadError({ ...late, error: 'too late' });
      expect(await first(streamId)).toEqual(before);
      expect(await under.rejected(streamId)).toEqual([]);
    });

    it('shows why a try has failed, and stays open', async () => {
      const streamId = await wanted();
      const download = await claim(streamId);
      await under.sink.noteDownloadError({ download, error: 'connection \0 reset' });
      expect(await first(streamId)).toMatchObject({
        status: 'waiting',
        reason: 'connection \u{FFFD} reset',
      });
      await startAt(streamId);
      expect(await first(streamId)).toMatchObject({ status: 'loading', reason: null });
    });

    it('that has ended is loaded anew from its beginning when somebody asks for it, unless it is whole', async () => {
      const whole = await wanted();
      const failed = await wanted();
      for (const [streamId, ending] of [
        [whole, { status: 'loaded', reason: null }],
        [failed, { status: 'failed', reason: 'damaged' }],
      ] as const) {
        const { download } = await startAt(streamId);
        const progress = { records: 1, rows: 1, rejected: 0 };
        const at = await appendTo(streamId, download, { rows: [row(1)], progress });
        await under.sink.endDownload({
          download: at,
          ending,
          compression: null,
          keptAt: null,
          nowMs: 2,
        });
      }
      expect(await under.sink.retryDownloads({ streamId: whole })).toBe(0);
      expect(await under.sink.retryDownloads({ streamId: failed })).toBe(1);
      expect(await first(failed)).toMatchObject({ status: 'waiting', endedAtMs: null });
      expect((await startAt(failed)).from.records).toBe(0);
      expect((await first(failed)).stored).toEqual([]);
      const claimed = await under.sink.beginDownload({ streamId: whole, entryKey: 'a' });
      expect(claimed).toMatchObject({ kind: 'ended', file: { status: 'loaded', rows: 1 } });
    });

    it('is stored exactly once however often and wherever its loaders are killed', async () => {
      const kills = fc.array(
        fc.record({ batches: fc.nat(3), sha: fc.constantFrom('a', 'a', 'b') }),
        {
          maxLength: 5,
        },
      );
      await fc.assert(
        fc.asyncProperty(kills, fc.integer({ min: 1, max: 3 }), async (runs, size) => {
          const streamId = await wanted();
          const load = async (sha: string, batchesMax: number): Promise<void> => {
            const { download, from } = await startAt(streamId, sha);
            let [at, records] = [download, from.records];
            for (let batch = 0; batch < batchesMax && records < 7; batch += 1) {
              const rows = Array.from({ length: Math.min(size, 7 - records) }, (_, n) =>
                row(records + n + 1),
              );
              records += rows.length;
              at = await appendTo(streamId, at, {
                rows,
                progress: { records, rows: records, rejected: 0 },
              });
            }
          };
          for (const { batches, sha } of runs) await load(sha, batches);
          await load('a', 7);
          expect((await first(streamId)).stored.map(([rowNo]) => rowNo)).toEqual([
            1, 2, 3, 4, 5, 6, 7,
          ]);
        }),
        { numRuns: 8 },
      );
    });
  });
}
