import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JobEntry } from '../../../src/domain/entry.ts';
import { deliveryHistoryJobs } from '../../../src/sources/deliveryHistoryJobs.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, page, store } from './harness.ts';

const { table, tracking } = deliveryHistoryJobs;
const { terminal } = tracking;
const regions = (status: string) => JSON.stringify([{ region: 'cn-hangzhou', status }]);

/** What the listing tells of a job; with `region`, what the answer about the job itself tells. */
function job(key: string, status: string, region?: string): JobEntry {
  const region_statuses = region === undefined ? null : regions(region);
  return {
    ...{ key, jobKey: key, status, progressPercent: null, raw: { JobStatus: status } },
    columns: { job_id: key, trail_name: 'trail', region_statuses },
  };
}

/** Jobs whose listing tells less than the answer about one of them, which has the last word. */
export function trackedJobsContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });
  let streams = 0;

  async function world() {
    const name = `tracked-${process.pid}-${(streams += 1)}`;
    const identity = { name, source: deliveryHistoryJobs.id, account: 'prod' };
    const streamId = (await under.sink.registerStreams([identity], 1_000)).get(name) ?? '';
    let runs = 0;
    return {
      streamId,
      /** One walk over these jobs. */
      list: async (...entries: readonly JobEntry[]) => {
        runs += 1;
        const nowMs = 10_000 + runs * 1_000;
        const { walk } = await begin(under.sink, { streamId, runId: String(runs), nowMs });
        return store(under.sink, page(walk, { table, terminal, entries, nowMs }));
      },
      track: (expectedStatus: string, entry: JobEntry) =>
        under.sink.recordJob({
          ...{ table, terminal, streamId, expectedStatus, entry, drift: [], nowMs: 50_000 },
        }),
      rows: () => under.jobs(streamId, table),
      openKeys: async () =>
        (await under.sink.openJobs({ table, streamId, afterId: '0', limit: 10 })).map(
          ({ entryKey }) => entryKey,
        ),
    };
  }

  describe('a job that is settled by tracking', () => {
    it('stays open when the listing shows its end, first seen or later, until it is asked for itself', async () => {
      const { list, track, rows, openKeys } = await world();
      const first = await list(job('1', 'COMPLETE'), job('2', 'DELIVERING'));
      expect(first.open.map(({ entryKey }) => entryKey)).toEqual(['1', '2']);
      await list(job('1', 'COMPLETE'), job('2', 'FAILED'));
      expect(await openKeys()).toEqual(['1', '2']);
      expect((await rows()).map(({ settledAtMs }) => settledAtMs)).toEqual([null, null]);
      expect(await track('COMPLETE', job('1', 'COMPLETE', 'COMPLETE'))).toMatchObject({
        kind: 'recorded',
      });
      expect(await openKeys()).toEqual(['2']);
      expect((await rows())[0]).toMatchObject({ status: 'COMPLETE', settledAtMs: 50_000 });
    });

    it('never leaves a terminal status, settled or not', async () => {
      const { list, track, rows } = await world();
      await list(job('1', 'FAILED'));
      await list(job('1', 'DELIVERING'));
      expect(await track('FAILED', job('1', 'DELIVERING', 'DELIVERING'))).toEqual({
        kind: 'conflict',
        status: 'FAILED',
      });
      expect((await rows())[0]).toMatchObject({ status: 'FAILED', settledAtMs: null });
    });

    it('has one change for each status that was seen, whoever saw it', async () => {
      const { streamId, list, track } = await world();
      await list(job('1', 'INITIALIZING'));
      await track('INITIALIZING', job('1', 'DELIVERING', 'DELIVERING'));
      await list(job('1', 'COMPLETE'));
      await track('COMPLETE', job('1', 'COMPLETE', 'COMPLETE'));
      const changes = (await under.changes(streamId)).map(({ kind, from, to }) => [kind, from, to]);
      expect(changes).toEqual([
        ['delivery_history_job', null, 'INITIALIZING'],
        ['delivery_history_job', 'INITIALIZING', 'DELIVERING'],
        ['delivery_history_job', 'DELIVERING', 'COMPLETE'],
      ]);
    });
  });

  describe('a column that only tracking fills', () => {
    it('keeps its value when the listing shows the job again, changed or not', async () => {
      const { list, track, rows } = await world();
      await list(job('1', 'DELIVERING'));
      await track('DELIVERING', job('1', 'DELIVERING', 'DELIVERING'));
      const same = await list(job('1', 'DELIVERING'));
      expect([same.updated, same.duplicates]).toEqual([0, 1]);
      const changed = await list(job('1', 'COMPLETE'));
      expect(changed.updated).toBe(1);
      expect((await rows())[0]?.columns['region_statuses']).toBe(regions('DELIVERING'));
    });

    it('takes the newer value of each answer', async () => {
      const { list, track, rows } = await world();
      await list(job('1', 'DELIVERING'));
      await track('DELIVERING', job('1', 'DELIVERING', 'INITIALIZING'));
      await track('DELIVERING', job('1', 'DELIVERING', 'DELIVERING'));
      expect((await rows())[0]?.columns['region_statuses']).toBe(regions('DELIVERING'));
    });
  });

  describe('the turns of an API', () => {
    it('are apart by the interval, in the order they are taken, each account and API for itself', async () => {
      const turn = { account: `turns-${process.pid}`, api: 'List', intervalMs: 100, nowMs: 1_000 };
      const waits: number[] = [];
      for (const nowMs of [1_000, 1_000, 1_050, 1_900]) {
        waits.push(await under.sink.takeTurn({ ...turn, nowMs }));
      }
      const other = await under.sink.takeTurn({ ...turn, api: 'Get' });
      expect([waits, other]).toEqual([[0, 100, 150, 0], 0]);
    });

    it('taken at once are all different', async () => {
      const turn = {
        account: `at-once-${process.pid}`,
        api: 'List',
        intervalMs: 100,
        nowMs: 1_000,
      };
      const waits = await Promise.all(Array.from({ length: 8 }, () => under.sink.takeTurn(turn)));
      expect(waits.sort((a, b) => a - b)).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
    });

    it('pass over one that a wrong clock took far ahead, and leave a pause as it stands', async () => {
      const budget = { account: `clocks-${process.pid}`, api: 'List' };
      const { sink } = under;
      await sink.pauseBudget({ ...budget, untilMs: 9_000, reason: 'Throttling', nowMs: 1_000 });
      await sink.takeTurn({ ...budget, intervalMs: 100, nowMs: 10_000_000 });
      expect([
        await sink.takeTurn({ ...budget, intervalMs: 100, nowMs: 1_000 }),
        await sink.budgetOf(budget),
      ]).toEqual([0, { pausedUntilMs: 9_000, throttles: 1 }]);
    });
  });
}
