import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { followJobs } from '../../src/engine/followJobs.ts';
import { createHttpClient, type HttpClient } from '../../src/http/client.ts';
import {
  plausibleDeliveryJob,
  regionStatusesAt,
} from '../../src/simulator/actiontrail/deliveryJob.ts';
import type { TrailOptions } from '../../src/simulator/actiontrail/trail.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { openTestSink } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';
import { engineDeps, fakeClock, registeredStream } from './engineKit.ts';
import {
  listedThroughout,
  requestsOf,
  simulatedApi,
  tameFaults,
  walkThroughFaults,
} from './faultyKit.ts';

const never = new AbortController().signal;
const names = ['INITIALIZING', 'DELIVERING', 'COMPLETE', 'FAILED'];

let http: HttpClient;
beforeAll(() => {
  http = createHttpClient({ bodyIdleTimeoutMs: 2_000 });
});
afterAll(() => http.close());

/** 70 jobs, ten of them under way, a cloud and an engine that live by one clock, and a database. */
async function openWorld(options: TrailOptions = {}) {
  const clock = fakeClock();
  const nowMs = () => clock.nowMs();
  const jobs = Array.from({ length: 70 }, (_, index) => ({
    ...plausibleDeliveryJob('faulty', index + 1),
    createdAtMs: nowMs() - (index < 60 ? 3_600_000 - index * 1_000 : 0),
  }));
  const cloud = await startSimulator({
    seed: 11,
    region: 'cn-hangzhou',
    accounts: [SCENARIO_ACCOUNT],
    projects: {},
    trail: { jobs, ...options },
    nowMs,
  });
  const store = await openTestSink();
  const deps = engineDeps(store.sink, { clock });
  const stream = await registeredStream(store.sink, simulatedApi(cloud, { http, nowMs }), {
    source: 'aliyun.actiontrail.delivery_history_jobs',
    settings: { pageSize: 20 },
  });
  return {
    ...{ cloud, store, clock },
    walk: (runId: string) => walkThroughFaults(deps, stream, runId),
    follow: () => followJobs(deps, [stream], () => undefined, never),
    ids: async () =>
      (await rows<{ job_id: string }>(store.url, 'select job_id from delivery_history_jobs')).map(
        (row) => row.job_id,
      ),
    close: async () => {
      await cloud.close();
      await store.drop();
    },
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** What the tables hold of the jobs that are listed still. */
function stored({ store }: World) {
  return rows(
    store.url,
    `select job_id as id, trail_name as trail, home_region as home, status,
       region_statuses as regions, start_time as start, end_time as end,
       created_at as created, updated_at as updated, settled_at is not null as settled
     from delivery_history_jobs where vanished_at is null order by job_id collate "C"`,
  );
}

/** The same as the cloud knows it, once every job is over. */
function truth({ cloud, clock }: World) {
  const updated = new Map(
    cloud
      .trail()
      .jobs()
      .map((row) => [row.JobId, row.UpdatedTime]),
  );
  const second = (timeMs: number) => new Date(Math.floor(timeMs / 1000) * 1000);
  return cloud
    .trail()
    .history()
    .filter(({ removedAtMs }) => removedAtMs === null)
    .map(({ job }) => ({
      ...{ id: job.name, trail: job.trailName, home: job.homeRegion },
      status: names[cloud.trail().statuses(job.name).at(-1)?.status ?? 0],
      regions: regionStatusesAt(job, clock.nowMs()).map(({ Region, Status }) => ({
        ...{ region: Region, status: names[Status] },
      })),
      ...{ start: second(job.startTimeMs), end: second(job.endTimeMs) },
      ...{ created: second(job.createdAtMs), updated: new Date(updated.get(job.name) ?? 0) },
      settled: true,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe('delivery jobs of a faulty ActionTrail, on real HTTP and PostgreSQL', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'are stored each exactly once, or the walk says it is incomplete; and end as the cloud has them (faults %i)',
    async (round) => {
      const pageSizeTold = (['given', 'asked', 'absent'] as const)[round % 3] ?? 'given';
      const world = await openWorld({ pageSizeTold });
      const { cloud } = world;
      try {
        cloud.setFaults(tameFaults(0.02 * round, round));
        const from = requestsOf(cloud) + 1;
        const result = await world.walk('through faults');
        const to = requestsOf(cloud);
        const ids = await world.ids();
        expect(new Set(ids).size).toBe(ids.length);
        if (result.kind === 'complete') {
          const listed = listedThroughout(cloud.trail(), from, to);
          expect(ids).toEqual(expect.arrayContaining([...listed]));
        }
        cloud.setFaults({ ...tameFaults(0.01 * round, -1), insertJobs: { when: 0, jobs: 0 } });
        await world.follow();
        cloud.setFaults({});
        expect((await world.walk('at rest')).kind).toBe('complete');
        await world.follow();
        expect(await stored(world)).toEqual(truth(world));
      } finally {
        await world.close();
      }
    },
  );

  it('have every status change that was seen, in order, and never leave a terminal status', async () => {
    const world = await openWorld();
    try {
      await world.walk('one');
      await world.follow();
      await world.walk('two');
      const histories = await rows<{ id: string; history: string }>(
        world.store.url,
        `select job_key as id, string_agg(coalesce(from_status, '') || '>' || to_status, ' ' order by id) as history
         from job_status_changes group by job_key`,
      );
      const begun = (end: string) =>
        new RegExp(`^>INITIALIZING( INITIALIZING>DELIVERING)?( (INITIALIZING|DELIVERING)>${end})$`);
      expect(histories).toHaveLength(10);
      for (const { history } of histories) {
        expect(history).toMatch(history.endsWith('FAILED') ? begun('FAILED') : begun('COMPLETE'));
      }
    } finally {
      await world.close();
    }
  });

  it('change no row when they are read again', async () => {
    const world = await openWorld();
    try {
      await world.walk('one');
      await world.follow();
      const again = await world.walk('two');
      const followed = await world.follow();
      expect(again).toMatchObject({ kind: 'complete', counts: { inserted: 0, duplicates: 70 } });
      expect(followed.jobs).toBe(0);
      expect((await world.walk('three')).kind).toBe('complete');
      expect(await stored(world)).toEqual(truth(world));
    } finally {
      await world.close();
    }
  });

  it('are kept in rejected_entries when they have no id', async () => {
    const world = await openWorld();
    try {
      world.cloud.setFaults({ nameless: 0.1 });
      expect((await world.walk('one')).kind).toBe('complete');
      const reasons = await rows(world.store.url, 'select distinct reason from rejected_entries');
      expect(reasons).toEqual([{ reason: 'no_job_id' }]);
    } finally {
      await world.close();
    }
  });
});
