import { beforeAll, describe, expect, it } from '@jest/globals';
import { slsDownloadJobs } from '../../../src/sources/slsDownloadJobs.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, page, store, table } from './harness.ts';

export function operationsContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  describe('a budget', () => {
    const budget = { account: 'prod', api: 'ListDownloadJobs' };
    const pause = (untilMs: number) => ({
      ...budget,
      untilMs,
      reason: 'ReadQuotaExceed\0',
      nowMs: 1_000,
    });

    it('stands open until it is paused', async () => {
      const unknown = { account: 'prod', api: 'GetDownloadJob' };
      await under.sink.clearThrottles(unknown);
      expect(await under.sink.budgetOf(unknown)).toEqual({ pausedUntilMs: 0, throttles: 0 });
    });

    it('is never paused for a shorter time than it is already, and counts throttles in a row', async () => {
      const { sink } = under;
      await sink.pauseBudget(pause(9_000));
      await sink.pauseBudget(pause(5_000));
      expect(await sink.budgetOf(budget)).toEqual({ pausedUntilMs: 9_000, throttles: 2 });
      await Promise.all(
        [11_000, 12_000, 10_000].map((untilMs) => sink.pauseBudget(pause(untilMs))),
      );
      expect(await sink.budgetOf(budget)).toEqual({ pausedUntilMs: 12_000, throttles: 5 });
    });

    it('counts anew after a request that went through, and stays paused as long as it was', async () => {
      const { sink } = under;
      const own = { account: 'other', api: 'ListDownloadJobs' };
      await sink.pauseBudget({ ...pause(9_000), ...own });
      await sink.clearThrottles(own);
      expect(await sink.budgetOf(own)).toEqual({ pausedUntilMs: 9_000, throttles: 0 });
    });
  });

  it('request counts of all workers add up', async () => {
    const { sink } = under;
    const ok = { account: 'counted', api: 'ListDownloadJobs', status: '200', outcome: 'ok' };
    const throttled = { ...ok, status: '403', outcome: 'throttled' };
    await sink.addRequestCounts([]);
    await Promise.all([
      sink.addRequestCounts([
        { ...ok, count: 2 },
        { ...throttled, count: 1 },
      ]),
      sink.addRequestCounts([
        { ...throttled, count: 4 },
        { ...ok, count: 3 },
        { ...ok, count: 1 },
      ]),
    ]);
    const counted = (await sink.requestCounts()).filter(({ account }) => account === 'counted');
    expect(counted).toEqual([
      { ...ok, count: 6 },
      { ...throttled, count: 5 },
    ]);
  });

  it('a part that never beat has no heartbeat, and the last one counts', async () => {
    const { sink } = under;
    expect(await sink.lastBeatMs('nobody')).toBeNull();
    await sink.beat('somebody', 1_000);
    await sink.beat('somebody', 2_000);
    expect(await sink.lastBeatMs('somebody')).toBe(2_000);
  });

  it('answers when the store does', async () => {
    await expect(under.sink.ping()).resolves.toBeUndefined();
  });

  describe('the status', () => {
    it('of a stream sums up its walks and its jobs', async () => {
      const { sink } = under;
      const identity = { name: 'summed', source: slsDownloadJobs.id, account: 'prod' };
      const streamId = (await sink.registerStreams([identity], 1)).get('summed') ?? '';
      const entries = [entry('a', 'RUNNING'), entry('b', 'SUCCEEDED'), entry('c', 'RUNNING')];
      await completeWalk(sink, { streamId, runId: 'r1', entries, nowMs: 10_000 });
      const { walk } = await begin(sink, { streamId, runId: 'r2', nowMs: 20_000 });
      await store(sink, page(walk, { entries, rejected: [{ reason: 'no name', raw: null }] }));
      await sink.markVanished({ table, streamId, entryKey: 'c', nowMs: 30_000 });
      const want = { streamId, entryKeys: ['b'], status: 'SUCCEEDED', nowMs: 25_000 };
      await sink.wantDownloads(want);
      const tables = new Map([[slsDownloadJobs.id, { name: table.name, holdsJobs: true }]]);
      expect(await sink.streamStatuses({ tables, names: ['summed'] })).toEqual([
        {
          ...{ streamId, name: 'summed', source: slsDownloadJobs.id, account: 'prod' },
          ...{ highWaterAtMs: 10_000, lastCompleteWalkAtMs: 10_000 },
          lastWalk: {
            ...{ outcome: 'running', startedAtMs: 20_000, finishedAtMs: null },
            ...{ incompleteReason: null, error: null },
          },
          ...{ entries: 3, openJobs: 1, rejected: 1, pages: 2, entriesSeen: 7, repeats: 0 },
          walks: { complete: 1, running: 1 },
          ...{ files: { waiting: 1 }, fileRows: 0 },
        },
      ]);
    });

    it('of a stream without a walk says so', async () => {
      const { sink } = under;
      await sink.registerStreams([{ name: 'fresh', source: 's', account: 'prod' }], 1);
      expect(
        await sink.streamStatuses({ tables: new Map(), names: ['fresh', 'unknown'] }),
      ).toMatchObject([
        { name: 'fresh', lastWalk: null, highWaterAtMs: null, entries: 0, walks: {}, pages: 0 },
      ]);
    });
  });
}
