import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, newStream, page, store, table } from './harness.ts';

export function walkContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  describe('streams', () => {
    it('keep their ids when they are registered again, and take a new account', async () => {
      const { sink } = under;
      const identity = { name: 'again', source: 'aliyun.sls.download_jobs', account: 'prod' };
      const first = await sink.registerStreams([identity], 1);
      const second = await sink.registerStreams([{ ...identity, account: 'other' }], 2);
      expect(second.get('again')).toBe(first.get('again'));
      const [status] = await sink.streamStatuses({ tables: new Map(), names: ['again'] });
      expect(status?.account).toBe('other');
    });

    it('refuse another source under the same name, and store nothing of that call', async () => {
      const { sink } = under;
      const identity = { name: 'fixed', source: 'aliyun.sls.download_jobs', account: 'prod' };
      await sink.registerStreams([identity], 1);
      const changed = [
        { ...identity, name: 'a-new-one' },
        { ...identity, source: 'aliyun.oos.execution_logs' },
      ];
      await expect(sink.registerStreams(changed, 2)).rejects.toMatchObject({
        name: 'SinkError',
        kind: 'refused',
        message: expect.stringMatching(/fixed.*download_jobs.*execution_logs.*another name/),
      });
      expect(await sink.streamStatuses({ tables: new Map(), names: ['a-new-one'] })).toEqual([]);
    });
  });

  describe('a walk', () => {
    it('starts without a state', async () => {
      const streamId = await newStream(under.sink);
      expect((await begin(under.sink, { streamId, runId: 'r' })).state).toBeNull();
    });

    it('resumes from its checkpoint under the same run, at the time it started', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const { walk } = await begin(sink, { streamId, runId: 'r', nowMs: 10_000 });
      await store(
        sink,
        page(walk, { state: { offset: 7, last: '\u{1F600}', big: 9007199254740993n } }),
      );
      const resumed = await begin(sink, { streamId, runId: 'r', nowMs: 20_000 });
      expect(resumed.state).toEqual({ offset: 7, last: '\u{1F600}', big: 9007199254740993n });
      expect(resumed.walk).toMatchObject({ walkId: walk.walkId, startedAtMs: 10_000 });
    });

    it('starts anew under another run, which supersedes the running one', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const first = await begin(sink, { streamId, runId: 'r1', nowMs: 10_000 });
      await store(sink, page(first.walk, { state: { offset: 7 } }));
      const second = await begin(sink, { streamId, runId: 'r2', nowMs: 20_000 });
      expect(second.state).toBeNull();
      expect(second.walk.walkId).not.toBe(first.walk.walkId);
      const status = (await sink.streamStatuses({ tables: new Map() })).find(
        (s) => s.streamId === streamId,
      );
      expect(status?.walks).toEqual({ running: 1, superseded: 1 });
      expect(await sink.beginWalk({ streamId, runId: 'r1', nowMs: 30_000 })).toEqual({
        kind: 'ended',
      });
    });

    it('answers ended to a run whose walk has ended, and leaves the checkpoint alone', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      await completeWalk(sink, { streamId, runId: 'r1', entries: [], nowMs: 10_000 });
      const { walk } = await begin(sink, { streamId, runId: 'r2' });
      expect(await sink.beginWalk({ streamId, runId: 'r1', nowMs: 30_000 })).toEqual({
        kind: 'ended',
      });
      await expect(store(sink, page(walk))).resolves.toMatchObject({ kind: 'stored' });
    });

    it.each(['the same run', 'another run'])(
      'fences off the older walker: claimed by %s',
      async (who) => {
        const { sink } = under;
        const streamId = await newStream(sink);
        const { walk } = await begin(sink, { streamId, runId: 'r1' });
        await begin(sink, { streamId, runId: who === 'the same run' ? 'r1' : 'r2' });
        const late = page(walk, {
          entries: [entry('a', 'RUNNING')],
          rejected: [{ reason: 'no name', raw: {} }],
          drift: [{ path: 'x', kind: 'unknown_field', sample: 's' }],
        });
        expect(await sink.appendJobs(late)).toEqual({ kind: 'moved' });
        expect(await under.jobs(streamId)).toEqual([]);
        expect(await under.changes(streamId)).toEqual([]);
        expect(await under.rejected(streamId)).toEqual([]);
        expect(await under.drift(streamId)).toEqual([]);
        const end = { walk, table, nowMs: 1, ending: { outcome: 'complete' } } as const;
        expect(await sink.endWalk(end)).toEqual({ kind: 'moved' });
      },
    );

    it('keeps no row of a page whose checkpoint was moved by another walker', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      await store(sink, page(walk, { entries: [entry('a', 'RUNNING')] }));
      const late = page(walk, { entries: [entry('a', 'SUCCEEDED'), entry('b', 'RUNNING')] });
      expect(await sink.appendJobs(late)).toEqual({ kind: 'moved' });
      expect((await under.jobs(streamId)).map(({ key, status }) => [key, status])).toEqual([
        ['a', 'RUNNING'],
      ]);
    });

    it('counts what its pages held, and every entry is one of four kinds', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      let { walk } = await begin(sink, { streamId, runId: 'r' });
      const rejected = [{ reason: 'no name', raw: { n: 1 } }];
      const first = [entry('a', 'RUNNING'), entry('b', 'RUNNING'), entry('a', 'RUNNING')];
      const one = await store(
        sink,
        page(walk, { entries: first, rejected, requests: 2, totalReported: 9 }),
      );
      expect(one).toMatchObject({ inserted: 2, updated: 0, duplicates: 1 });
      walk = one.walk;
      const second = [entry('a', 'RUNNING'), entry('b', 'SUCCEEDED')];
      const two = await store(sink, page(walk, { entries: second, restarts: 1, totalReported: 8 }));
      expect(two).toMatchObject({ inserted: 0, updated: 1, duplicates: 1 });
      const ending = { outcome: 'incomplete', reason: 'list_moved' } as const;
      expect(await sink.endWalk({ walk: two.walk, table, ending, nowMs: 20_000 })).toEqual({
        kind: 'ended',
        vanished: 0,
        counts: {
          ...{ repeats: 0, reportedRows: 0, processedRows: 0, elapsedMs: 0 },
          ...{ pages: 2, requests: 3, entriesSeen: 6, inserted: 2, updated: 1, duplicates: 2 },
          ...{ rejected: 1, restarts: 1, totalReported: 8 },
        },
      });
    });

    it('moves the high-water mark to its start only when proven complete', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const statusOf = async () =>
        (await sink.streamStatuses({ tables: new Map() })).find((s) => s.streamId === streamId);
      const endings = [
        { outcome: 'failed', error: 'no route' },
        { outcome: 'incomplete', reason: 'list_moved' },
        { outcome: 'complete' },
      ] as const;
      const seen: unknown[] = [];
      for (const [n, ending] of endings.entries()) {
        const { walk } = await begin(sink, { streamId, runId: `r${n}`, nowMs: 10_000 + n });
        await sink.endWalk({ walk, table, ending, nowMs: 20_000 + n });
        const status = await statusOf();
        seen.push([status?.highWaterAtMs, status?.lastCompleteWalkAtMs, status?.lastWalk]);
      }
      const ended = {
        finishedAtMs: 20_000,
        startedAtMs: 10_000,
        error: null,
        incompleteReason: null,
      };
      expect(seen).toEqual([
        [null, null, { ...ended, outcome: 'failed', error: 'no route' }],
        [
          null,
          null,
          {
            ...ended,
            outcome: 'incomplete',
            incompleteReason: 'list_moved',
            startedAtMs: 10_001,
            finishedAtMs: 20_001,
          },
        ],
        [
          10_002,
          20_002,
          { ...ended, outcome: 'complete', startedAtMs: 10_002, finishedAtMs: 20_002 },
        ],
      ]);
    });

    it('keeps the note of a failed attempt while it runs, not after it ended well', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const lastError = async () =>
        (await sink.streamStatuses({ tables: new Map() })).find((s) => s.streamId === streamId)
          ?.lastWalk;
      const { walk: older } = await begin(sink, { streamId, runId: 'r' });
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      await sink.noteWalkError({ walk, error: 'reset by peer\0' });
      await sink.noteWalkError({ walk: older, error: 'a walker that was fenced off' });
      expect(await lastError()).toMatchObject({
        outcome: 'running',
        error: 'reset by peer\u{FFFD}',
      });
      await sink.endWalk({ walk, table, ending: { outcome: 'complete' }, nowMs: 20_000 });
      await sink.noteWalkError({ walk, error: 'too late' });
      expect(await lastError()).toMatchObject({ outcome: 'complete', error: null });
    });
  });

  describe('a complete walk', () => {
    it('marks what it did not list as vanished, once, in its own stream', async () => {
      const { sink } = under;
      const [streamId, other] = [await newStream(sink), await newStream(sink)];
      const both = [entry('a', 'RUNNING'), entry('b', 'SUCCEEDED')];
      await completeWalk(sink, { streamId: other, runId: 'r', entries: both, nowMs: 10_000 });
      await completeWalk(sink, { streamId, runId: 'r1', entries: both, nowMs: 10_000 });
      const second = await completeWalk(sink, {
        streamId,
        runId: 'r2',
        entries: [both[0]!],
        nowMs: 20_000,
      });
      const third = await completeWalk(sink, {
        streamId,
        runId: 'r3',
        entries: [both[0]!],
        nowMs: 30_000,
      });
      expect([second.vanished, third.vanished]).toEqual([1, 0]);
      expect((await under.jobs(streamId)).map((job) => job.vanishedAtMs)).toEqual([null, 20_000]);
      expect((await under.jobs(other)).map((job) => job.vanishedAtMs)).toEqual([null, null]);
    });

    it('is the only one that does: an incomplete walk marks nothing', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      await completeWalk(sink, {
        streamId,
        runId: 'r1',
        entries: [entry('a', 'RUNNING')],
        nowMs: 10_000,
      });
      const { walk } = await begin(sink, { streamId, runId: 'r2' });
      const ending = { outcome: 'incomplete', reason: 'list_moved' } as const;
      expect(await sink.endWalk({ walk, table, ending, nowMs: 20_000 })).toMatchObject({
        vanished: 0,
      });
      expect((await under.jobs(streamId))[0]?.vanishedAtMs).toBeNull();
    });

    it('lists a vanished job again as an update, with its history', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const a = entry('a', 'RUNNING');
      await completeWalk(sink, { streamId, runId: 'r1', entries: [a], nowMs: 10_000 });
      await completeWalk(sink, { streamId, runId: 'r2', entries: [], nowMs: 20_000 });
      expect(await sink.openJobs({ table, streamId, afterId: '0', limit: 9 })).toEqual([]);
      const { stored } = await completeWalk(sink, {
        streamId,
        runId: 'r3',
        entries: [a],
        nowMs: 30_000,
      });
      expect(stored).toMatchObject({ inserted: 0, updated: 1, duplicates: 0 });
      expect(stored.open).toEqual([{ streamId, entryKey: 'a' }]);
      const [job] = await under.jobs(streamId);
      expect(job).toMatchObject({
        vanishedAtMs: null,
        firstSeenAtMs: 10_000,
        lastSeenAtMs: 30_000,
      });
      expect(await under.changes(streamId)).toHaveLength(1);
    });
  });
}
