import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { orderScheduled, type ScheduledExport } from '../../src/engine/orderScheduled.ts';
import { isOrderStream } from '../../src/engine/ports.ts';
import { trackJob } from '../../src/engine/trackJob.ts';
import { createHttpClient, type HttpClient } from '../../src/http/client.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import { openTestSink, type TestSink } from '../support/postgres.ts';
import { engineDeps, fakeClock, registeredStream } from './engineKit.ts';
import { simulatedApi } from './faultyKit.ts';

const never = new AbortController().signal;
const dayMs = 86_400_000;
const days = 8;
const startMs = Date.parse('2026-11-01T00:00:00Z');

const daily: ScheduledExport = {
  ...{ name: 'daily', stream: 'exports', retries: 10, parallel: 2 },
  spec: {
    ...{ logstore: 'app_log', query: 'level: ERROR', format: 'csv', compression: 'gzip' },
    ...{ powerSql: false, allowIncomplete: false, roleArn: null, bucket: null, prefix: null },
  },
  windows: { everyMs: dayMs, startMs, utcOffsetMinutes: 0, settleMs: 0 },
};

describe('a scheduled export at a cloud that loses answers and fails jobs', () => {
  let store: TestSink;
  let cloud: Simulator;
  let http: HttpClient;
  const clock = fakeClock(startMs + days * dayMs);
  const nowMs = () => clock.nowMs();

  beforeEach(async () => {
    store = await openTestSink();
    http = createHttpClient();
    // The ending of a job is drawn by its name: two attempts in five fail.
    const lifecycle = { startMs: [0, 0], runMs: [60_000, 60_000], failShare: 0.4 } as const;
    cloud = await startSimulator({
      ...{ seed: 12, accounts: [SCENARIO_ACCOUNT], region: 'cn-hangzhou', nowMs },
      projects: { [SCENARIO_PROJECT]: { logstores: ['app_log'], lifecycle } },
    });
  });
  afterEach(async () => {
    await cloud.close();
    await http.close();
    await store.drop();
  });

  it('gets the file of every day, ordering a failed one again until it has one, and no attempt twice', async () => {
    cloud.setFaults({
      apis: ['CreateDownloadJob', 'GetDownloadJob'],
      ...{ reset: 0.15, notJson: 0.1, internalServerError: 0.1, throttle: 0.05, cutBody: 0.05 },
    });
    const { sink } = store;
    const stream = await registeredStream(sink, simulatedApi(cloud, { http, nowMs }));
    if (!isOrderStream(stream)) throw new Error('the stream takes no orders');
    const { streamId } = stream;
    const { table } = stream.source;
    const deps = { ...engineDeps(sink, { clock }), onOpenJobs: () => Promise.resolve() };
    const outlived = async (work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => {
        if (!(error instanceof SourceError)) throw error;
      });
    };
    const isOver = async (): Promise<boolean> => {
      const query = { streamId, export: 'daily' };
      const [ordered] = await sink.orderedRanges(query);
      const isAll = ordered?.toMs === startMs + days * dayMs;
      return isAll && (await sink.unclosedOrders(query)).length === 0;
    };
    for (let tick = 0; tick < 200 && !(await isOver()); tick += 1) {
      await outlived(orderScheduled(deps, { stream, exports: [daily] }, never));
      clock.advance(10 * 60_000);
      for (const { entryKey } of await sink.openJobs({
        table,
        streamId,
        afterId: '0',
        limit: 99,
      })) {
        await outlived(trackJob(deps, { stream, entryKey }, never));
      }
    }

    const { rows } = await store.pool.query<{ day: string; statuses: readonly string[] }>(
      `select (extract(epoch from from_time) - $1) / 86400 as day, array_agg(job_status order by attempt) as statuses
       from analytics.exports group by from_time order by from_time`,
      [startMs / 1_000],
    );
    expect(rows.map(({ day }) => Number(day))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // One file for each day, and an attempt before it for each failure.
    const wrong = rows.filter(
      ({ statuses }) =>
        statuses.at(-1) !== 'SUCCEEDED' || statuses.slice(0, -1).some((one) => one !== 'ERROR'),
    );
    expect(wrong).toEqual([]);
    expect(rows.some(({ statuses }) => statuses.length > 1)).toBe(true);
    const attempts = rows.reduce((sum, { statuses }) => sum + statuses.length, 0);
    expect(cloud.project(SCENARIO_PROJECT).history()).toHaveLength(attempts);
  });
});
