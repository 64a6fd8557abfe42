import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, page, store, table, terminal } from './harness.ts';
import { newOrder, orderWorld } from './ordersKit.ts';

/** Jobs of orders, stored as soon as they are seen and not at the next walk. */
export function orderedJobContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });
  const world = () => orderWorld(under.sink);

  describe('the job of an order', () => {
    it('is a new row when no walk has listed it, open, with its first change, and its order knows it', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const orderId = (await intend(newOrder('fresh'))).order.id;
      const columns = { name: 'fresh', progress: 12, error_message: null };
      const job = entry('fresh@1', 'RUNNING', { jobKey: 'fresh', columns, progressPercent: 12 });
      expect(await note(orderId, job)).toEqual({ entryKey: 'fresh@1', status: 'RUNNING' });
      expect(await under.jobs(streamId)).toMatchObject([
        {
          ...{ key: 'fresh@1', jobKey: 'fresh', status: 'RUNNING', lastSeenWalkId: null },
          ...{ firstSeenAtMs: 7_000, settledAtMs: null, vanishedAtMs: null },
        },
      ]);
      expect(await under.changes(streamId)).toMatchObject([
        { key: 'fresh@1', from: null, to: 'RUNNING', observedAtMs: 7_000 },
      ]);
      const openJobs = await sink.openJobs({ table, streamId, afterId: '0', limit: 9 });
      expect(openJobs.map(({ entryKey }) => entryKey)).toEqual(['fresh@1']);
      expect((await read('fresh'))?.job).toEqual({
        ...{ entryKey: 'fresh@1', status: 'RUNNING', progressPercent: 12, errorMessage: null },
        ...{ settledAtMs: null, vanishedAtMs: null },
      });
    });

    it('tells its order how it ended', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const orderId = (await intend(newOrder('ends'))).order.id;
      await note(orderId, entry('ends@1', 'STARTING'));
      const columns = { name: 'ends', error_message: 'timeout' };
      await sink.recordJob({
        ...{ table, terminal, streamId, expectedStatus: 'STARTING', drift: [], nowMs: 8_000 },
        entry: entry('ends@1', 'ERROR', { columns }),
      });
      expect((await read('ends'))?.job).toMatchObject({
        ...{ status: 'ERROR', errorMessage: 'timeout', settledAtMs: 8_000 },
      });
    });

    it('noted twice changes nothing', async () => {
      const { streamId, intend, note } = await world();
      const orderId = (await intend(newOrder('twice'))).order.id;
      const job = entry('twice@1', 'RUNNING');
      await note(orderId, job);
      const before = [await under.jobs(streamId), await under.changes(streamId)];
      expect(await note(orderId, job)).toEqual({ entryKey: 'twice@1', status: 'RUNNING' });
      expect([await under.jobs(streamId), await under.changes(streamId)]).toEqual(before);
    });

    it('that a walk has listed before is that row, moved on', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      await store(sink, page(walk, { entries: [entry('listed@1', 'STARTING')], nowMs: 6_000 }));
      const orderId = (await intend(newOrder('listed'))).order.id;
      await note(orderId, entry('listed@1', 'SUCCEEDED'), 20_000);
      expect(await under.jobs(streamId)).toMatchObject([
        { key: 'listed@1', status: 'SUCCEEDED', settledAtMs: 20_000, lastSeenWalkId: walk.walkId },
      ]);
    });

    it('never leaves a terminal status', async () => {
      const { sink, streamId, intend, note } = await world();
      await completeWalk(sink, {
        ...{ streamId, runId: 'w', entries: [entry('over@1', 'ERROR')], nowMs: 6_000 },
      });
      const orderId = (await intend(newOrder('over'))).order.id;
      expect(await note(orderId, entry('over@1', 'RUNNING'), 20_000)).toEqual({
        ...{ entryKey: 'over@1', status: 'ERROR' },
      });
    });

    it('is listed by a walk under way as the same row, and the walk is not fenced off', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('meanwhile'))).order.id;
      await note(orderId, entry('meanwhile@1', 'RUNNING'));
      const stored = await store(sink, page(walk, { entries: [entry('meanwhile@1', 'RUNNING')] }));
      expect([stored.inserted, stored.duplicates]).toEqual([0, 1]);
      expect(await under.jobs(streamId)).toHaveLength(1);
    });

    it('is stored once when it is noted and listed at the same time', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('raced'))).order.id;
      const job = entry('raced@1', 'RUNNING');
      await Promise.all([
        note(orderId, job),
        store(sink, page(walk, { entries: [job] })),
        note(orderId, job),
      ]);
      expect((await under.jobs(streamId)).map(({ key }) => key)).toEqual(['raced@1']);
    });

    it('does not vanish by a walk that began before it was there', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('young'))).order.id;
      await note(orderId, entry('young@1', 'RUNNING'));
      const ended = await sink.endWalk({
        ...{ walk, table, ending: { outcome: 'complete' }, nowMs: 30_000 },
      });
      expect(ended).toMatchObject({ vanished: 0 });
    });

    it('is the newest of its name where the answer does not tell them apart', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const named = (key: string, status: string) => entry(key, status, { jobKey: 'named' });
      await completeWalk(sink, {
        ...{ streamId, runId: 'w', nowMs: 6_000 },
        entries: [named('named@1', 'ERROR'), named('named@2', 'RUNNING')],
      });
      const orderId = (await intend(newOrder('named'))).order.id;
      expect(await note(orderId, named('named', 'RUNNING'), 20_000)).toMatchObject({
        entryKey: 'named@2',
      });
      expect((await read('named'))?.job?.entryKey).toBe('named@2');
    });
  });
}
