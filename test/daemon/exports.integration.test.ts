import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cloudConfig, rows, startCloud } from '../support/simulated.ts';

const dayMs = 86_400_000;
const days = 5;
const patienceMs = 90_000;
const testTimeoutMs = 150_000;

let database: TestDatabase;
let cloud: Simulator;
let place: Workplace;
let startMs: number;

beforeEach(async () => {
  database = await createDatabase();
  const lifecycle = { startMs: [0, 0], runMs: [300, 300], failShare: 0 } as const;
  cloud = await startCloud(0, { logstores: ['app_log'], lifecycle });
  cloud.setFaults({ apis: ['CreateDownloadJob', 'GetDownloadJob'], reset: 0.1 });
  startMs = Math.floor(Date.now() / dayMs) * dayMs - days * dayMs;
  const config = `${cloudConfig({ url: cloud.url })}
exports:
  daily:
    stream: exports
    logstore: app_log
    query: "level: ERROR"
    every: 1d
    start: "${new Date(startMs).toISOString()}"
    settle: 0s
`;
  place = await openWorkplace({ config, env: { DATABASE_URL: database.url } });
});
afterEach(async () => {
  await place.close();
  await cloud.close();
  await database.drop();
});

interface Ordered {
  readonly name: string;
  readonly from_time: Date;
  readonly job_status: string | null;
}

function ordered(): Promise<readonly Ordered[]> {
  return rows<Ordered>(
    database.url,
    'select name, from_time, job_status from analytics.exports order by from_time, attempt',
  );
}

async function untilCaughtUp(): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end;) {
    await sleep(200);
    const found = await ordered().catch(() => []); // The daemon migrates first.
    const over = found.filter(({ job_status: status }) => status === 'SUCCEEDED');
    if (over.length === days) return;
  }
  throw new Error(`not caught up within ${patienceMs / 1_000} s`);
}

/** Each missed day once, in the database and at the cloud. */
async function eachDayOnce(): Promise<void> {
  const found = await ordered();
  expect(found.map(({ from_time: from }) => from.getTime())).toEqual(
    Array.from({ length: days }, (_, day) => startMs + day * dayMs),
  );
  const { history } = cloud.project(SCENARIO_PROJECT);
  const created = history().map(({ job: { name } }) => name);
  expect(created.sort()).toEqual(found.map(({ name }) => name).sort());
}

describe('a daemon that orders exports', () => {
  it(
    'catches up with five missed days, each once, though it is killed meanwhile',
    async () => {
      for (const event of ['export_ordered', 'ordered_job_seen']) {
        const daemon = place.startDaemon();
        await daemon.says(event);
        daemon.kill('SIGKILL');
        await daemon.ended;
      }
      const survivor = place.startDaemon();
      await untilCaughtUp();
      await eachDayOnce();
      survivor.kill('SIGTERM');
      expect((await survivor.ended).exitCode).toBe(0);
    },
    testTimeoutMs,
  );

  it(
    'does so beside a second one',
    async () => {
      const daemons = [place.startDaemon(), place.startDaemon()];
      await untilCaughtUp();
      await eachDayOnce();
      for (const daemon of daemons) daemon.kill('SIGTERM');
      const ended = await Promise.all(daemons.map((daemon) => daemon.ended));
      expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    },
    testTimeoutMs,
  );

  it(
    'orders what a killed command had only stored',
    async () => {
      const first = place.startDaemon();
      await untilCaughtUp();
      first.kill('SIGTERM');
      await first.ended;
      await rows(
        database.url,
        `insert into export_orders (
           stream_id, name, display_name, description, logstore, query, from_time, to_time,
           content_type, compression_type, power_sql, allow_incomplete, intended_at
         )
         select id, 'by-hand', 'by-hand', '', 'app_log', '*', '2026-11-01Z', '2026-11-02Z',
           'csv', 'none', false, false, now()
         from streams`,
      );
      place.startDaemon();
      for (let isThere = false; !isThere;) {
        await sleep(100);
        isThere = (await ordered()).some(
          (order) => order.name === 'by-hand' && order.job_status !== null,
        );
      }
      const { history } = cloud.project(SCENARIO_PROJECT);
      expect(history().filter(({ job: { name } }) => name === 'by-hand')).toHaveLength(1);
    },
    testTimeoutMs,
  );
});
