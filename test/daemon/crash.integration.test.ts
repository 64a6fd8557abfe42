import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { plausibleDeliveryJob } from '../../src/simulator/actiontrail/deliveryJob.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { describeBackends, type QueueServer } from '../queue/backends.ts';
import { openWorkplace, type Daemon, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  cloudConfig,
  rows,
  startCloud,
  storedDeliveryJobs,
  storedJobs,
} from '../support/simulated.ts';

const runningJobs = 12;
const deliveryJobs = 30;
const patienceMs = 60_000;
const testTimeoutMs = 240_000;

/** The simulator's own list: what every comparison is made with. */
function truthOf(cloud: Simulator) {
  const { jobs } = cloud.project(SCENARIO_PROJECT);
  return jobs()
    .map(({ name, status }) => ({ name, status, vanished: false }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const deliveryStatuses = ['INITIALIZING', 'DELIVERING', 'COMPLETE', 'FAILED'];

/** The same for delivery jobs; every one is over and was asked for itself. */
function deliveryTruthOf(cloud: Simulator) {
  const { jobs } = cloud.trail();
  return jobs()
    .map(({ JobId: name, JobStatus }) => {
      const status = deliveryStatuses[JobStatus];
      return { name, status, vanished: false, settled: JobStatus >= 2 };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function until(check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end;) {
    if (await check()) return;
    await sleep(150);
  }
  throw new Error(`not reached within ${patienceMs / 1000} s`);
}

/** Jobs that are still running when the daemon first sees them, and end while it is being killed. */
function startMovingCloud(): Promise<Simulator> {
  const nowMs = Date.now();
  return startCloud(600).then((cloud) => {
    const project = cloud.project(SCENARIO_PROJECT);
    for (let i = 0; i < runningJobs; i++) {
      project.insert({
        name: `running-${i}`,
        createdAtMs: nowMs - 1_000,
        startMs: 500,
        runMs: 4_000 + i * 600,
      });
    }
    for (let i = 0; i < deliveryJobs; i++) {
      const isOver = i >= runningJobs;
      cloud.trail().insert({
        ...plausibleDeliveryJob('crash', i),
        ...(isOver ? { createdAtMs: nowMs - 3_600_000 } : { createdAtMs: nowMs - 1_000 }),
        startMs: 500,
        runMs: 4_000 + i * 600,
      });
    }
    return cloud;
  });
}

type Moment = (daemon: Daemon) => Promise<void>;

function killAfter(lifeMs: number): Moment {
  return () => sleep(lifeMs);
}

/** The moment the daemon logs that event: what it does next has not happened. `provoke` is called now and then until it does. */
function killAt(event: string, provoke: () => void = () => undefined): Moment {
  return async (daemon) => {
    let provokeAtMs = 0;
    for (const end = Date.now() + patienceMs; Date.now() < end;) {
      if (daemon.events().some((line) => line['event'] === event)) return;
      if (Date.now() >= provokeAtMs) {
        provoke();
        provokeAtMs = Date.now() + 2_000;
      }
      await sleep(2);
    }
    throw new Error(`the daemon never logged ${event}`);
  };
}

async function isSettled(databaseUrl: string, cloud: Simulator): Promise<boolean> {
  const stored = JSON.stringify(await storedJobs(databaseUrl));
  const truth = truthOf(cloud);
  const over = truth.every(({ status }) => status === 'SUCCEEDED' || status === 'ERROR');
  if (!over || stored !== JSON.stringify(truth)) return false;
  const deliveries = deliveryTruthOf(cloud);
  const storedDeliveries = JSON.stringify(await storedDeliveryJobs(databaseUrl));
  return (
    deliveries.every(({ settled }) => settled) && storedDeliveries === JSON.stringify(deliveries)
  );
}

async function soundHistory(databaseUrl: string): Promise<void> {
  const left = await rows(
    databaseUrl,
    `select entry_key from job_status_changes where from_status in ('SUCCEEDED', 'ERROR', 'COMPLETE', 'FAILED')`,
  );
  expect(left).toEqual([]);
  const twice = await rows(
    databaseUrl,
    `select entry_key, to_status from job_status_changes where to_status in ('SUCCEEDED', 'ERROR', 'COMPLETE', 'FAILED')
     group by entry_key, to_status having count(*) > 1`,
  );
  expect(twice).toEqual([]);
  const endless = await rows(
    databaseUrl,
    `select name from download_jobs j where settled_at > first_seen_at and not exists
       (select from job_status_changes c where c.entry_key = j.entry_key and c.to_status = j.status)`,
  );
  expect(endless).toEqual([]);
}

await describeBackends('a daemon', (openQueue) => {
  let queue: QueueServer;
  let database: TestDatabase;
  let cloud: Simulator;
  let work: Workplace;

  beforeAll(async () => {
    queue = await openQueue();
  });
  afterAll(() => queue.close());

  async function openWorld(): Promise<void> {
    database = await createDatabase();
    cloud = await startMovingCloud();
    cloud.setFaults({ delay: { when: 0.5, delayMs: 15 } });
    const { location } = queue;
    const redis = location.kind === 'redis' ? location : null;
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis?.url ?? '',
      QUEUE_PREFIX: redis?.prefix ?? 'logferry',
    };
    work = await openWorkplace({ config: cloudConfig({ url: cloud.url, trail: true }), env });
  }

  /** On a slow machine every other job may be over by now. */
  function insertFreshJob(): void {
    const createdAtMs = Date.now();
    const name = `fresh-${createdAtMs}`;
    cloud.project(SCENARIO_PROJECT).insert({ name, createdAtMs, startMs: 0, runMs: 6_000 });
  }

  async function closeWorld(): Promise<void> {
    await work.close();
    await cloud.close();
    await database.drop();
  }

  describe('killed with SIGKILL at random moments', () => {
    beforeAll(openWorld);
    afterAll(closeWorld);

    it(
      'ends with exactly the rows and statuses of the cloud, each status change once',
      async () => {
        // Between two pages, between a write and its acknowledgement, and whenever it comes.
        const moments = [
          killAt('page_stored'),
          killAt('walk_finished'),
          killAt('job_status_changed', insertFreshJob),
          killAfter(900),
          killAfter(1_350),
          killAfter(1_800),
        ];
        for (const moment of moments) {
          const daemon = work.startDaemon();
          await moment(daemon);
          daemon.kill('SIGKILL');
          await daemon.ended;
        }
        const survivor = work.startDaemon();
        await until(() => isSettled(database.url, cloud));
        await soundHistory(database.url);
        survivor.kill('SIGTERM');
        expect((await survivor.ended).exitCode).toBe(0);
      },
      testTimeoutMs,
    );
  });

  describe('beside a second one', () => {
    beforeAll(openWorld);
    afterAll(closeWorld);

    it(
      'shares the work: one walk at a time, no row and no status change twice',
      async () => {
        const daemons = [work.startDaemon(), work.startDaemon()];
        await until(() => isSettled(database.url, cloud));
        await soundHistory(database.url);
        const twins = await rows(
          database.url,
          `select a.id from walks a join walks b on a.stream_id = b.stream_id and a.id < b.id
         where b.started_at < a.finished_at`,
        );
        expect(twins).toEqual([]);
        daemons.forEach((daemon) => {
          daemon.kill('SIGTERM');
        });
        const ended = await Promise.all(daemons.map((daemon) => daemon.ended));
        expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      },
      testTimeoutMs,
    );
  });

  describe('whose queue is emptied in mid-work', () => {
    beforeAll(openWorld);
    afterAll(closeWorld);

    it(
      'heals by itself: what Postgres says is unfinished is queued again',
      async () => {
        const daemon = work.startDaemon();
        const stored = async () => (await storedJobs(database.url)).length;
        await until(async () => (await stored()) > 50);
        await emptyQueue(queue, database.url);
        await until(async () => (await stored()) > 600);
        await emptyQueue(queue, database.url);
        await until(() => isSettled(database.url, cloud));
        await soundHistory(database.url);
        daemon.kill('SIGTERM');
        expect((await daemon.ended).exitCode).toBe(0);
      },
      testTimeoutMs,
    );
  });
});

/** FLUSHALL, or what comes closest to it where the queue is a schema of the database. */
async function emptyQueue(queue: QueueServer, databaseUrl: string): Promise<void> {
  if (queue.wipe !== null) return queue.wipe();
  const tables = await rows<{ name: string }>(
    databaseUrl,
    `select format('bullmq.%I', tablename) as name from pg_tables
     where schemaname = 'bullmq' and tablename like '%job%'`,
  );
  await rows(databaseUrl, `truncate ${tables.map(({ name }) => name).join(', ')} cascade`);
}
