import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../../src/domain/json.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, newStream, page, store } from './harness.ts';

export function pageContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function storeOne(more: Parameters<typeof page>[1]) {
    const streamId = await newStream(under.sink);
    const { walk } = await begin(under.sink, { streamId, runId: 'r' });
    const stored = await store(under.sink, page(walk, more));
    return { streamId, stored };
  }

  describe('a page', () => {
    it('is stored with every column, digit and time of its entries', async () => {
      const columns = {
        ...{
          name: 'n',
          query: "* | select 'a\tb\\n\r\n'",
          power_sql: true,
          allow_incomplete: false,
        },
        ...{ progress: 42, file_size: '9223372036854775807', log_count: '-9223372036854775808' },
        ...{ from_time: 1_722_409_260_000, created_at: 1_722_411_061_123 },
      };
      const raw = {
        id: 12345678901234567890n,
        list: [1.5, null, true, { a: '' }],
        text: '\\u0000 "\\',
      };
      const given = entry('a', 'RUNNING', { columns, raw, progressPercent: 42 });
      const { streamId } = await storeOne({ entries: [given], nowMs: 11_000 });
      const [job] = await under.jobs(streamId);
      expect(job).toMatchObject({ key: 'a', jobKey: 'name of a', status: 'RUNNING', columns, raw });
      expect(job).toMatchObject({ firstSeenAtMs: 11_000, lastSeenAtMs: 11_000, settledAtMs: null });
      expect(job?.columns['bucket']).toBeNull();
    });

    it('changes no row when it is replayed, by whoever and in whatever order', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const entries = [entry('a', 'RUNNING'), entry('b', 'SUCCEEDED')];
      const rejected = [{ reason: 'no name', raw: { n: 1 } }];
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      await store(sink, page(walk, { entries, rejected, nowMs: 11_000 }));
      const look = async () => [
        await under.jobs(streamId),
        await under.changes(streamId),
        await under.rejected(streamId),
      ];
      const before = await look();
      const resumed = await begin(sink, { streamId, runId: 'r' });
      const replayed = { entries: [...entries].reverse(), rejected, nowMs: 12_000 };
      const outcome = await store(sink, page(resumed.walk, replayed));
      expect(outcome).toMatchObject({ inserted: 0, updated: 0, duplicates: 2 });
      expect(await look()).toEqual(before);
    });

    it('counts a key that comes twice as its last entry', async () => {
      const entries = [entry('a', 'STARTING'), entry('b', 'RUNNING'), entry('a', 'RUNNING')];
      const { streamId, stored } = await storeOne({ entries });
      expect(stored).toMatchObject({ inserted: 2, duplicates: 1 });
      const jobs = await under.jobs(streamId);
      expect(new Map(jobs.map(({ key, status }) => [key, status]))).toEqual(
        new Map([
          ['a', 'RUNNING'],
          ['b', 'RUNNING'],
        ]),
      );
    });

    it('answers the jobs that are not terminal after it, seen before or not', async () => {
      const { sink } = under;
      const { streamId, stored } = await storeOne({
        entries: [entry('a', 'RUNNING'), entry('b', 'SUCCEEDED'), entry('c', 'PAUSED')],
      });
      expect(stored.open.map(({ entryKey }) => entryKey).sort()).toEqual(['a', 'c']);
      const next = [entry('a', 'RUNNING'), entry('c', 'ERROR'), entry('b', 'SUCCEEDED')];
      const again = await store(sink, page(stored.walk, { entries: next }));
      expect(again.open).toEqual([{ streamId, entryKey: 'a' }]);
    });

    it('is refused as a whole when one key cannot be stored', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      for (const key of ['', 'k'.repeat(513)]) {
        const entries = [entry('fine', 'RUNNING'), entry(key, 'RUNNING')];
        await expect(sink.appendJobs(page(walk, { entries }))).rejects.toMatchObject({
          name: 'SinkError',
          kind: 'bug',
          message: expect.stringContaining('must reject it'),
        });
      }
      expect(await under.jobs(streamId)).toEqual([]);
      await expect(
        store(sink, page(walk, { entries: [entry('k'.repeat(512), 'RUNNING', { jobKey: 'k' })] })),
      ).resolves.toBeDefined();
    });

    it.each<JsonValue>([null, 'text', 5, []])('may hold an entry that is only %j', async (raw) => {
      const { sink } = under;
      const entries = [entry('a', 'RUNNING', { raw })];
      const { streamId, stored } = await storeOne({ entries, rejected: [{ reason: 'r', raw }] });
      await store(sink, page(stored.walk, { entries: [entry('a', 'ERROR', { raw })] }));
      expect((await under.jobs(streamId))[0]?.raw).toEqual(raw);
      expect((await under.rejected(streamId))[0]?.raw).toEqual(raw);
    });

    it('may be empty', async () => {
      const { stored } = await storeOne({});
      expect(stored).toMatchObject({ inserted: 0, updated: 0, duplicates: 0, open: [] });
    });
  });

  describe('a text that no database holds', () => {
    const bad = 'nul \0, half \uD83D, other half \uDE00, whole \u{1F600}';
    const good = 'nul \u{FFFD}, half \u{FFFD}, other half \u{FFFD}, whole \u{1F600}';

    it('does not break its page, wherever it stands', async () => {
      const { sink } = under;
      const raw: JsonValue = { [bad]: [bad, { deep: bad }], number: 2n ** 80n };
      const { streamId, stored } = await storeOne({
        entries: [entry(`key ${bad}`, bad, { jobKey: bad, columns: { name: bad }, raw })],
        rejected: [{ reason: bad, raw }],
        drift: [{ path: bad, kind: 'unknown_field', sample: bad }],
        state: { at: bad },
      });
      const clean = { [good]: [good, { deep: good }], number: 2n ** 80n };
      expect((await under.jobs(streamId))[0]).toMatchObject({
        ...{ key: `key ${good}`, jobKey: good, status: good, raw: clean },
        columns: { name: good },
      });
      expect(await under.rejected(streamId)).toMatchObject([{ reason: good, raw: clean }]);
      expect(await under.drift(streamId)).toMatchObject([{ path: good, sample: good }]);
      expect(stored.open).toEqual([{ streamId, entryKey: `key ${good}` }]);
      expect((await begin(sink, { streamId, runId: 'r' })).state).toEqual({ at: good });
    });

    it('is no text of a megabyte, nor a number of any length', async () => {
      const long = 'x\t"\\\n'.repeat(200_000);
      const digits = 10n ** 200_000n;
      const raw = { long, digits, many: 10n ** 999n };
      const { streamId } = await storeOne({
        entries: [entry('a', 'RUNNING', { columns: { description: long }, raw })],
      });
      const [job] = await under.jobs(streamId);
      expect(job?.columns['description']).toBe(long);
      expect(job?.raw).toEqual({ ...raw, digits: digits.toString() });
    });
  });

  it('a value that its column has no place for is null, kept in raw and reported', async () => {
    const columns = {
      ...{ name: 5, progress: 2 ** 31, file_size: '9223372036854775808', power_sql: 'yes' },
      ...{ from_time: -1e15, created_at: 1e15, log_count: '1e3', query: 'fine' },
    };
    const { streamId } = await storeOne({ entries: [entry('a', 'RUNNING', { columns })] });
    const [job] = await under.jobs(streamId);
    const stored = Object.keys(columns).map((name) => [name, job?.columns[name]]);
    expect(Object.fromEntries(stored)).toEqual({
      ...{ name: null, progress: null, file_size: null, power_sql: null },
      ...{ from_time: null, created_at: null, log_count: null, query: 'fine' },
    });
    const drift = await under.drift(streamId);
    expect(drift.map(({ path, kind }) => [path, kind]).sort()).toEqual(
      Object.keys(columns)
        .filter((name) => name !== 'query')
        .sort()
        .map((name) => [name, 'out_of_range']),
    );
  });

  describe('a job', () => {
    it('has every change of its status on record, with the time it was seen', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const steps = ['STARTING', 'RUNNING', 'RUNNING', 'SUCCEEDED', 'SUCCEEDED'];
      for (const [n, status] of steps.entries()) {
        const entries = [entry('a', status, { progressPercent: n * 25 - 0.5 })];
        await completeWalk(sink, { streamId, runId: `r${n}`, entries, nowMs: 10_000 + n });
      }
      const job = { kind: 'download_job', key: 'a', jobKey: 'name of a' };
      expect(await under.changes(streamId)).toEqual([
        { ...job, from: null, to: 'STARTING', progress: null, observedAtMs: 10_000 },
        { ...job, from: 'STARTING', to: 'RUNNING', progress: 24, observedAtMs: 10_001 },
        { ...job, from: 'RUNNING', to: 'SUCCEEDED', progress: 74, observedAtMs: 10_003 },
      ]);
      expect((await under.jobs(streamId))[0]).toMatchObject({
        settledAtMs: 10_003,
        lastSeenAtMs: 10_004,
      });
    });

    it('never leaves a terminal state, and an answer that says so is reported', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const done = entry('a', 'SUCCEEDED', { columns: { name: 'first' } });
      await completeWalk(sink, { streamId, runId: 'r1', entries: [done], nowMs: 10_000 });
      const before = await under.jobs(streamId);
      const back = entry('a', 'RUNNING', { columns: { name: 'second' } });
      const { stored } = await completeWalk(sink, {
        streamId,
        runId: 'r2',
        entries: [back],
        nowMs: 20_000,
      });
      expect(stored).toMatchObject({ updated: 0, duplicates: 1, open: [] });
      const [job] = await under.jobs(streamId);
      expect(job).toEqual({
        ...before[0],
        lastSeenAtMs: 20_000,
        lastSeenWalkId: stored.walk.walkId,
      });
      expect(await under.changes(streamId)).toEqual([]);
      expect(await under.drift(streamId)).toEqual([
        { path: 'status', kind: 'left_terminal_state', sample: 'SUCCEEDED -> RUNNING', count: 1 },
      ]);
    });

    it('takes new content in the terminal state it has, and keeps the time it settled', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const first = entry('a', 'ERROR', { columns: { error_message: 'short' } });
      const later = entry('a', 'ERROR', { columns: { error_message: 'the whole story' } });
      await completeWalk(sink, { streamId, runId: 'r1', entries: [first], nowMs: 10_000 });
      const { stored } = await completeWalk(sink, {
        streamId,
        runId: 'r2',
        entries: [later],
        nowMs: 20_000,
      });
      expect(stored).toMatchObject({ updated: 1 });
      const [job] = await under.jobs(streamId);
      expect(job?.columns['error_message']).toBe('the whole story');
      expect(job?.settledAtMs).toBe(10_000);
      expect(await under.changes(streamId)).toEqual([]);
    });

    it('is one of two when it was deleted and created again: two keys, one name', async () => {
      const jobKey = 'same name';
      const entries = [entry('a', 'SUCCEEDED', { jobKey }), entry('b', 'RUNNING', { jobKey })];
      const { streamId } = await storeOne({ entries });
      expect(await under.jobs(streamId)).toHaveLength(2);
    });
  });

  it('a rejected entry is kept once by its content, and counted once a walk', async () => {
    const { sink } = under;
    const streamId = await newStream(sink);
    const rejected = [
      { reason: 'no name', raw: { n: 1 } },
      { reason: 'no name', raw: { n: 2 } },
      { reason: 'no name', raw: { n: 1 } },
    ];
    for (const n of [1, 2]) {
      const { walk } = await begin(sink, { streamId, runId: `r${n}` });
      const { walk: next } = await store(sink, page(walk, { rejected, nowMs: n * 1_000 }));
      await store(sink, page(next, { rejected, nowMs: n * 1_000 + 1 }));
    }
    const seen = { reason: 'no name', count: 2, firstSeenAtMs: 1_000, lastSeenAtMs: 2_000 };
    const stored = [...(await under.rejected(streamId))].sort((a, b) =>
      String(Object.values(a.raw as object)) < String(Object.values(b.raw as object)) ? -1 : 1,
    );
    expect(stored).toEqual([
      { ...seen, raw: { n: 1 } },
      { ...seen, raw: { n: 2 } },
    ]);
  });

  it('drift is one row for each path and kind, with its first sample and a count', async () => {
    const drift = (sample: string) => ({ path: 'a.b', kind: 'unknown_field', sample }) as const;
    const { sink } = under;
    const { streamId, stored } = await storeOne({ drift: [drift('one'), drift('two')] });
    const other = { path: 'a.b', kind: 'unexpected_type', sample: 'y'.repeat(500) } as const;
    await store(sink, page(stored.walk, { drift: [drift('three'), other] }));
    const rows = [...(await under.drift(streamId))].sort((a, b) => a.count - b.count);
    expect(rows).toEqual([
      { path: 'a.b', kind: 'unexpected_type', sample: 'y'.repeat(200), count: 1 },
      { path: 'a.b', kind: 'unknown_field', sample: 'one', count: 3 },
    ]);
  });
}
