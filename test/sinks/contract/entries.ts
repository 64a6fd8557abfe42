import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../../src/domain/json.ts';
import type { WalkRef } from '../../../src/sinks/sink.ts';
import {
  append,
  batch,
  keyOf,
  line,
  logged,
  monthly,
  november,
  plain,
  store,
} from './entriesKit.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, newStream } from './harness.ts';

export function entryContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function newWalk(): Promise<WalkRef> {
    const streamId = await newStream(under.sink);
    return (await begin(under.sink, { streamId, runId: `run of ${streamId}` })).walk;
  }

  const linesOf = async ({ streamId }: WalkRef, table = plain) =>
    (await under.entries(table, streamId)).map(({ columns }) => columns['message']);

  async function countsOf(walk: WalkRef) {
    const ended = await under.sink.endWalk({
      ...{ walk, table: null, nowMs: 20_000, ending: { outcome: 'complete' } },
    });
    if (ended.kind !== 'ended') throw new Error('the walk was moved');
    return ended.counts;
  }

  describe('log entries', () => {
    it('are stored with every column, digit and character', async () => {
      const walk = await newWalk();
      const raw = { id: 12345678901234567890n, list: [1.5, null, { a: '\\u0000 "\\' }] };
      const columns = {
        message: 'a\tb\\n\r\n\u{1F600}',
        line_no: 42,
        bytes: '9223372036854775807',
      };
      await store(under.sink, append(walk, [batch([line(1, { raw, columns })])]));
      expect(await under.entries(plain, walk.streamId)).toEqual([
        { key: keyOf(1), columns, document: raw, firstSeenAtMs: 11_000, supersededAtMs: null },
      ]);
    });

    it('keep what no database text can hold as replacement characters, and 1 MB of text whole', async () => {
      const walk = await newWalk();
      const long = 'ß'.repeat(1024 * 1024);
      const entry = line(1, {
        columns: { message: 'a\0b \ud83d', line_no: 2 ** 31, bytes: 'many' },
        raw: { 'k\0': ['\udc00', long] },
      });
      await store(under.sink, append(walk, [batch([entry])]));
      const [stored] = await under.entries(plain, walk.streamId);
      expect(stored).toMatchObject({
        columns: { message: 'a\u{FFFD}b \u{FFFD}', line_no: null, bytes: null },
        document: { 'k\u{FFFD}': ['\u{FFFD}', long] },
      });
      expect((await under.drift(walk.streamId)).map(({ path, kind }) => [path, kind])).toEqual(
        expect.arrayContaining([
          ['bytes', 'out_of_range'],
          ['line_no', 'out_of_range'],
        ]),
      );
    });

    it('are stored once, whoever reads them again, in whatever batches', async () => {
      const walk = await newWalk();
      const first = await store(under.sink, append(walk, [batch([line(1), line(2)])]));
      expect(first).toMatchObject({ inserted: 2, duplicates: 0 });
      const again = append(first.walk, [batch([line(2), line(3)]), batch([]), batch([line(1)])]);
      const second = await store(under.sink, { ...again, nowMs: 12_000 });
      expect(second).toMatchObject({ inserted: 1, duplicates: 2 });
      expect(await linesOf(walk)).toEqual(['line 1', 'line 2', 'line 3']);
      const times = await under.entries(plain, walk.streamId);
      expect(times.map(({ firstSeenAtMs }) => firstSeenAtMs)).toEqual([11_000, 11_000, 12_000]);
    });

    it('are stored once when one append brings a key twice', async () => {
      const walk = await newWalk();
      const given = [batch([line(1), line(1)]), batch([line(1)])];
      const stored = await store(under.sink, append(walk, given));
      expect(stored).toMatchObject({ inserted: 1, duplicates: 2 });
    });

    it('of one stream are not those of another under the same key', async () => {
      const [walk, other] = [await newWalk(), await newWalk()];
      await store(under.sink, append(walk, [batch([line(1)])]));
      expect(await store(under.sink, append(other, [batch([line(1)])]))).toMatchObject({
        inserted: 1,
      });
    });

    it('may be none: the position moves all the same', async () => {
      const walk = await newWalk();
      const partitions = new Map([['live', { at: 5 }]]);
      const ends = { state: { page: 2 }, partitions };
      expect(await store(under.sink, append(walk, [], { ends }))).toMatchObject({ inserted: 0 });
      const resumed = await begin(under.sink, {
        ...{ streamId: walk.streamId, runId: `run of ${walk.streamId}` },
      });
      expect(resumed.state).toEqual({ page: 2 });
      expect(await under.sink.partitionStates(walk.streamId)).toEqual(partitions);
    });

    it('move the high-water mark, never back', async () => {
      const walk = await newWalk();
      let latest = walk;
      const markAfter = async (highWaterAtMs: number) => {
        latest = (await store(under.sink, append(latest, [], { ends: { highWaterAtMs } }))).walk;
        const statuses = await under.sink.streamStatuses({ tables: new Map() });
        return statuses.find(({ streamId }) => streamId === walk.streamId)?.highWaterAtMs;
      };
      expect(await markAfter(5_000)).toBe(5_000);
      expect(await markAfter(4_000)).toBe(5_000);
      const ending = { outcome: 'complete', highWaterAtMs: 6_000 } as const;
      await under.sink.endWalk({ walk: latest, table: null, nowMs: 30_000, ending });
      const statuses = await under.sink.streamStatuses({ tables: new Map() });
      const status = statuses.find(({ streamId }) => streamId === walk.streamId);
      expect(status).toMatchObject({ highWaterAtMs: 6_000, lastCompleteWalkAtMs: 30_000 });
    });

    it('add what they cost to the walk', async () => {
      const walk = await newWalk();
      const rejected = [{ reason: 'no time', raw: null }];
      const cost = { requests: 3, repeats: 2, reportedRows: 2, processedRows: 500, elapsedMs: 40 };
      const first = await store(
        under.sink,
        append(walk, [batch([line(1), line(2)], { rejected })], { ends: { cost } }),
      );
      const more = append(first.walk, [batch([line(2)])], { ends: { cost } });
      const second = await store(under.sink, more);
      expect(await countsOf(second.walk)).toEqual({
        ...{ pages: 2, requests: 6, entriesSeen: 4, inserted: 2, updated: 0, duplicates: 1 },
        ...{ rejected: 1, restarts: 0, totalReported: null },
        ...{ repeats: 4, reportedRows: 4, processedRows: 1000, elapsedMs: 80 },
      });
      expect(await under.rejected(walk.streamId)).toMatchObject([{ reason: 'no time', count: 1 }]);
    });

    it('that no sink can store are refused with their whole append', async () => {
      const walk = await newWalk();
      const badKeys = ['', 'x'.repeat(32), keyOf(1).toUpperCase().replace('1', 'A')];
      for (const key of badKeys) {
        const given = append(walk, [batch([line(1)]), batch([line(2, { key })])]);
        await expect(under.sink.appendEntries(given)).rejects.toMatchObject({ kind: 'bug' });
      }
      const timeless = append(walk, [batch([line(3)])], { table: monthly });
      await expect(under.sink.appendEntries(timeless)).rejects.toMatchObject({ kind: 'bug' });
      expect(await linesOf(walk)).toEqual([]);
    });
  });

  describe('an append of log entries', () => {
    it('stores nothing when its answer breaks off, and says so in the words of whoever broke it', async () => {
      const walk = await newWalk();
      const broken = new Error('the connection was reset');
      const batches = async function* () {
        yield batch([line(1)]);
        await Promise.resolve();
        throw broken;
      };
      await expect(under.sink.appendEntries(append(walk, batches()))).rejects.toBe(broken);
      expect(await linesOf(walk)).toEqual([]);
      // Nor does anything of it turn up in a later one.
      await store(under.sink, append(walk, [batch([line(2)])]));
      expect(await linesOf(walk)).toEqual(['line 2']);
    });

    it('stores nothing when finish says so, and leaves the position alone', async () => {
      const walk = await newWalk();
      const given = append(walk, [batch([line(1)])], { finish: () => null });
      expect(await under.sink.appendEntries(given)).toEqual({ kind: 'discarded' });
      const next = await store(under.sink, append(walk, [batch([line(2)])]));
      expect(next.walk.version).toBe(walk.version + 1);
      expect(await linesOf(walk)).toEqual(['line 2']);
    });

    it('keeps no row of a walker that was fenced off while it read', async () => {
      const walk = await newWalk();
      const batches = async function* () {
        yield batch([line(1)]);
        await begin(under.sink, { streamId: walk.streamId, runId: 'another', nowMs: 12_000 });
        yield batch([line(2)]);
      };
      const partitions = new Map([['live', 1]]);
      const given = append(walk, batches(), { ends: { partitions } });
      expect(await under.sink.appendEntries(given)).toEqual({ kind: 'moved' });
      expect(await linesOf(walk)).toEqual([]);
      expect((await under.sink.partitionStates(walk.streamId)).size).toBe(0);
    });

    it('asks for the position only when those before it are stored, however they were read', async () => {
      const walk = await newWalk();
      let latest = walk;
      let done: readonly number[] = [];
      const one = async (number: number) => {
        const outcome = await under.sink.appendEntries(
          append(walk, [batch([line(number)])], {
            finish: () => {
              const partitions = new Map<string, JsonValue>([['live', [...done, number]]]);
              // The next walker of the chain stands on this one.
              const finish = { walk: latest, state: null, cost: { requests: 1 }, partitions };
              latest = { ...latest, version: latest.version + 1 };
              done = [...done, number];
              return finish;
            },
          }),
        );
        expect(outcome.kind).toBe('stored');
      };
      await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(one));
      expect(await linesOf(walk)).toHaveLength(8);
      expect((await under.sink.partitionStates(walk.streamId)).get('live')).toEqual(done);
    });

    it('replaces a position, and removes one that is null', async () => {
      const walk = await newWalk();
      const states = async () => under.sink.partitionStates(walk.streamId);
      const set = (given: WalkRef, live: JsonValue) =>
        store(under.sink, append(given, [], { ends: { partitions: new Map([['live', live]]) } }));
      const first = await set(walk, { n: 9007199254740993n });
      expect((await states()).get('live')).toEqual({ n: 9007199254740993n });
      const second = await set(first.walk, [2]);
      expect((await states()).get('live')).toEqual([2]);
      await set(second.walk, null);
      expect((await states()).size).toBe(0);
    });
  });

  describe('a table by months', () => {
    const years = [Date.UTC(1, 0), Date.UTC(1999, 11, 31), november, Date.UTC(9999, 11, 31)];

    it('takes entries of any time, each once', async () => {
      const walk = await newWalk();
      const given = years.map((loggedAtMs, index) => logged(index, loggedAtMs));
      const first = await store(under.sink, append(walk, [batch(given)], { table: monthly }));
      expect(first.inserted).toBe(years.length);
      const again = await store(under.sink, append(first.walk, [batch(given)], { table: monthly }));
      expect(again).toMatchObject({ inserted: 0, duplicates: years.length });
      const stored = await under.entries(monthly, walk.streamId);
      expect(stored.map(({ columns }) => columns['logged_at'])).toEqual(years);
    });

    it('marks what a later reading of a snapshot does not have, and unmarks what comes back', async () => {
      const walk = await newWalk();
      let latest = walk;
      const read = async (numbers: readonly number[], nowMs: number) => {
        const snapshot = { loggedAtMs: november, keys: numbers.map(keyOf) };
        const entries = numbers.map((number) => logged(number));
        const more = { table: monthly, nowMs, ends: { snapshot } };
        latest = (await store(under.sink, append(latest, [batch(entries)], more))).walk;
        const stored = await under.entries(monthly, walk.streamId);
        return stored.map(({ supersededAtMs }) => supersededAtMs);
      };
      expect(await read([1, 2], 11_000)).toEqual([null, null]);
      expect(await read([2, 3], 12_000)).toEqual([12_000, null, null]);
      expect(await read([], 13_000)).toEqual([12_000, 13_000, 13_000]);
      expect(await read([1], 14_000)).toEqual([null, 13_000, 13_000]);
    });
  });

  it('stores every entry of any sequence of appends exactly once', async () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(numbers, { maxLength: 3 }), { maxLength: 5 }),
        async (given) => {
          const walk = await newWalk();
          let latest = walk;
          let inserted = 0;
          for (const batches of given) {
            const lists = batches.map((list) => batch(list.map((number) => logged(number))));
            const stored = await store(under.sink, append(latest, lists, { table: monthly }));
            latest = stored.walk;
            inserted += stored.inserted;
          }
          const expected = [...new Set(given.flat(2))].sort((a, b) => a - b);
          const stored = await under.entries(monthly, walk.streamId);
          expect(stored.map(({ key }) => key)).toEqual(expected.map(keyOf));
          expect(inserted).toBe(expected.length);
        },
      ),
      { numRuns: 25 },
    );
  });
}
