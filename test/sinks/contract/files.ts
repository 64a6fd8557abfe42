import { beforeAll, describe, expect, it } from '@jest/globals';
import type { FileAppend, FileFinish, FileRow } from '../../../src/sinks/fileSink.ts';
import type { WalkRef } from '../../../src/sinks/sink.ts';
import { codeartsLogFiles } from '../../../src/sources/codeartsLogFiles.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, newStream } from './harness.ts';

const { table } = codeartsLogFiles;

function row(lineNumber: number, text: string): FileRow {
  return [1, String(lineNumber), 'a.log', null, 'INFO', null, text];
}

function rowsOf(texts: readonly string[]): readonly FileRow[] {
  return texts.map((text, index) => row(index + 1, text));
}

async function* batches(given: readonly (readonly FileRow[])[]) {
  yield* given;
}

interface Given {
  readonly file?: FileAppend['file'];
  readonly rows?: FileAppend['rows'];
  readonly finish?: Partial<FileFinish> | null;
  readonly nowMs?: number;
}

function append(walk: WalkRef, given: Given): FileAppend {
  const { finish = {} } = given;
  const whole = {
    ...{ walk, state: null, cost: { requests: 1 }, columns: {}, raw: {}, rejected: [], drift: [] },
    ...finish,
  };
  return {
    ...{ streamId: walk.streamId, table, file: given.file ?? null, nowMs: given.nowMs ?? 11_000 },
    rows: given.rows ?? batches([]),
    finish: () => (finish === null ? null : whole),
  };
}

const file = (key: string, sha = 'a') => ({ key, sha256: sha.repeat(64), bytes: 123 });

export function fileContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function newWalk(): Promise<WalkRef> {
    const streamId = await newStream(under.sink);
    return (await begin(under.sink, { streamId, runId: `run of ${streamId}` })).walk;
  }

  async function store(walk: WalkRef, given: Given) {
    const outcome = await under.sink.storeFile(append(walk, given));
    if (outcome.kind !== 'stored') throw new Error(`the file was not stored: ${outcome.kind}`);
    return outcome;
  }

  describe('a file', () => {
    it('is stored with every row in its order, its columns, its position and its counts', async () => {
      const walk = await newWalk();
      const stored = await store(walk, {
        file: file('one'),
        rows: batches([rowsOf(['first\t\\N', 'second \u{1F600}']), [row(3, 'third')], []]),
        finish: {
          columns: { file_name: 'log.zip', entries: 1 },
          raw: { entries: [12345678901234567890n] },
          partitions: new Map([['one', { status: 'stored' }]]),
        },
      });
      expect(stored).toMatchObject({ file: 'inserted', rows: 3 });
      expect(await under.files(walk.streamId)).toEqual([
        {
          ...{ key: 'one', sha256: 'a'.repeat(64), bytes: 123, count: 3 },
          columns: { file_name: 'log.zip', entries: 1 },
          raw: { entries: [12345678901234567890n] },
          lines: ['first\t\\N', 'second \u{1F600}', 'third'],
          ...{ downloadedAtMs: 11_000, lastSeenAtMs: 11_000, supersededAtMs: null },
        },
      ]);
      expect(await under.sink.partitionStates(walk.streamId)).toEqual(
        new Map([['one', { status: 'stored' }]]),
      );
      const ended = await under.sink.endWalk({
        ...{ walk: stored.walk, table: null, nowMs: 20_000, ending: { outcome: 'complete' } },
      });
      expect(ended).toMatchObject({
        counts: { pages: 1, requests: 1, entriesSeen: 1, inserted: 1, rejected: 0 },
      });
    });

    it('keeps what no database text can hold as replacement characters', async () => {
      const walk = await newWalk();
      await store(walk, {
        file: file('k\0'),
        rows: batches([rowsOf(['a\0b \ud83d'])]),
        finish: { columns: { file_name: '\udc00', entries: 2 ** 40 } },
      });
      const [stored] = await under.files(walk.streamId);
      expect(stored).toMatchObject({
        ...{ key: 'k\u{FFFD}', lines: ['a\u{FFFD}b \u{FFFD}'] },
        columns: { file_name: '\u{FFFD}', entries: null },
      });
      expect(await under.drift(walk.streamId)).toMatchObject([{ path: 'entries' }]);
    });

    it('that is stored already is stored once, and its rows are not even read', async () => {
      const walk = await newWalk();
      const first = await store(walk, { file: file('one'), rows: batches([rowsOf(['x'])]) });
      let read = false;
      async function* watched() {
        read = true;
        yield rowsOf(['x']);
      }
      const again = await store(first.walk, {
        ...{ file: file('one'), rows: watched(), nowMs: 12_000 },
      });
      expect([again.file, again.rows, read]).toEqual(['unchanged', 0, false]);
      expect(await under.files(walk.streamId)).toMatchObject([
        { lines: ['x'], downloadedAtMs: 11_000, lastSeenAtMs: 12_000, supersededAtMs: null },
      ]);
    });

    it('of other bytes supersedes the one before, and back again', async () => {
      const walk = await newWalk();
      const one = await store(walk, { file: file('k', 'a'), rows: batches([rowsOf(['old'])]) });
      const two = await store(one.walk, {
        ...{ file: file('k', 'b'), rows: batches([rowsOf(['new'])]), nowMs: 12_000 },
      });
      expect(two.file).toBe('updated');
      const superseded = async () =>
        (await under.files(walk.streamId)).map(({ supersededAtMs }) => supersededAtMs);
      expect(await superseded()).toEqual([12_000, null]);
      const back = await store(two.walk, { file: file('k', 'a'), nowMs: 13_000 });
      expect(back.file).toBe('updated');
      expect(await superseded()).toEqual([null, 13_000]);
    });

    it('leaves nothing behind when its rows fail, and their error goes up as it is', async () => {
      const walk = await newWalk();
      const failure = new Error('the archive is damaged');
      async function* broken() {
        yield rowsOf(['kept by nobody']);
        throw failure;
      }
      const given = {
        ...{ file: file('one'), rows: broken() },
        finish: { partitions: new Map([['one', 1]]) },
      };
      await expect(under.sink.storeFile(append(walk, given))).rejects.toBe(failure);
      expect(await under.files(walk.streamId)).toEqual([]);
      expect(await under.sink.partitionStates(walk.streamId)).toEqual(new Map());
      expect(await store(walk, { file: file('one') })).toMatchObject({ file: 'inserted' });
    });

    it('of a walker that was fenced off meanwhile is not stored', async () => {
      const walk = await newWalk();
      async function* overtaken() {
        yield rowsOf(['too late']);
        await begin(under.sink, { streamId: walk.streamId, runId: 'another run' });
        yield [row(2, 'too late')];
      }
      const given = { file: file('one'), rows: overtaken() };
      expect(await under.sink.storeFile(append(walk, given))).toEqual({ kind: 'moved' });
      expect(await under.files(walk.streamId)).toEqual([]);
    });

    it('is discarded when its end says so', async () => {
      const walk = await newWalk();
      const given = { file: file('one'), rows: batches([rowsOf(['x'])]), finish: null };
      expect(await under.sink.storeFile(append(walk, given))).toEqual({ kind: 'discarded' });
      expect(await under.files(walk.streamId)).toEqual([]);
    });

    it('need not be: positions, rejected entries and drift are kept without one', async () => {
      const walk = await newWalk();
      const stored = await store(walk, {
        finish: {
          partitions: new Map([['one', { status: 'rejected' }]]),
          rejected: [{ reason: 'archive_rejected', raw: { archive: 'one' } }],
          drift: [{ path: 'x', kind: 'unknown_field', sample: 'y' }],
        },
      });
      expect(stored).toMatchObject({ file: 'none', rows: 0 });
      expect(await under.files(walk.streamId)).toEqual([]);
      expect(await under.rejected(walk.streamId)).toMatchObject([{ reason: 'archive_rejected' }]);
      const ended = await under.sink.endWalk({
        ...{ walk: stored.walk, table: null, nowMs: 20_000, ending: { outcome: 'complete' } },
      });
      expect(ended).toMatchObject({ counts: { entriesSeen: 1, rejected: 1, inserted: 0 } });
    });
  });
}
