import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { plausibleDeliveryJob } from '../../src/simulator/actiontrail/deliveryJob.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { eventually } from '../queue/eventually.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cloudConfig, rows, startCloud, storedDeliveryJobs } from '../support/simulated.ts';

const over = 12;

let cloud: Simulator;
let database: TestDatabase;
let work: Workplace;

beforeAll(async () => {
  cloud = await startCloud(0);
  for (let ordinal = 1; ordinal <= over; ordinal++) {
    const createdAtMs = Date.now() - 3_600_000;
    cloud.trail().insert({ ...plausibleDeliveryJob('cli', ordinal), createdAtMs });
  }
  database = await createDatabase();
  work = await openWorkplace({
    config: cloudConfig({ url: cloud.url, trail: true }),
    env: { DATABASE_URL: database.url, REDIS_URL: '' },
  });
});
afterAll(async () => {
  await work.close();
  await database.drop();
  await cloud.close();
});

const settledJobs = async () =>
  (await storedDeliveryJobs(database.url)).filter(({ settled }) => settled).length;

// In this order: each begins where the one before has left the database.
describe('a stream of delivery jobs, command by command', () => {
  it('is checked with one request', async () => {
    const { exitCode, stdout } = await work.run('check', 'trail');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/trail.*ListDeliveryHistoryJobs answered in \d+ ms: 12 jobs listed/);
  });

  it('is stored by sync, and every job stays open until it was asked for itself', async () => {
    const { exitCode, stdout } = await work.run('sync', 'trail', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      walks: [{ outcome: 'complete', counts: { inserted: over, totalReported: over } }],
    });
    expect([(await storedDeliveryJobs(database.url)).length, await settledJobs()]).toEqual([
      over,
      0,
    ]);
  });

  it('is followed by sync --wait, ten requests a second at most, the status of each region stored', async () => {
    const startedAtMs = Date.now();
    const { exitCode, stdout } = await work.run('sync', 'trail', '--wait', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: { jobs: over, done: over, failed: [] } });
    expect(Date.now() - startedAtMs).toBeGreaterThan((over - 1) * 100);
    const unknown = await rows(
      database.url,
      'select job_id from delivery_history_jobs where region_statuses is null or settled_at is null',
    );
    expect(unknown).toEqual([]);
  });

  it('goes on by itself after throttling, and loses nothing', async () => {
    const createdAtMs = Date.now() - 60_000;
    cloud.trail().insert({ ...plausibleDeliveryJob('cli', 99), createdAtMs });
    cloud.setFaults({ throttle: { at: [0, 2] } });
    const { exitCode, stdout } = await work.run('sync', 'trail', '--wait', '--json');
    cloud.setFaults({});
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ walks: [{ counts: { inserted: 1 } }] });
    expect(await settledJobs()).toBe(over + 1);
  });

  it('stands in status with what it holds', async () => {
    const { stdout } = await work.run('status', '--json', 'trail');
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'trail', entries: over + 1, openJobs: 0, walks: { complete: 3 } },
    ]);
  });

  it('is kept in step by start, each status change noted', async () => {
    const daemon = work.startDaemon();
    await eventually(() => {
      expect(daemon.events()).toContainEqual(expect.objectContaining({ event: 'walk_finished' }));
    });
    cloud.trail().insert({
      ...plausibleDeliveryJob('cli', 100),
      ...{ createdAtMs: Date.now(), startMs: 500, runMs: 8_000 },
    });
    await eventually(async () => {
      expect(await settledJobs()).toBe(over + 2);
    });
    daemon.kill('SIGTERM');
    expect((await daemon.ended).exitCode).toBe(0);
    const changes = await rows<{ to_status: string }>(
      database.url,
      `select to_status from job_status_changes where kind = 'delivery_history_job' order by id`,
    );
    expect(changes.map(({ to_status: status }) => status).at(-1)).toMatch(/^(COMPLETE|FAILED)$/);
  });
});

describe('what is wrong is told in one message', () => {
  async function told(
    args: readonly string[],
    config: Partial<Parameters<typeof cloudConfig>[0]> = {},
  ): Promise<{ readonly exitCode: number | null; readonly lines: readonly string[] }> {
    const place = await openWorkplace({
      config: cloudConfig({ url: cloud.url, trail: true, ...config }),
      env: { DATABASE_URL: database.url, REDIS_URL: '' },
    });
    try {
      const { exitCode, stdout, stderr } = await place.run(...args);
      const text = `${stdout}\n${stderr}`;
      expect(text).not.toMatch(/Signature=|wrong-secret/);
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      return { exitCode, lines: lines.filter((line) => line.includes('DeliveryHistoryJobs')) };
    } finally {
      await place.close();
    }
  }

  it('a wrong secret', async () => {
    expect(await told(['sync', 'trail'], { accessKeySecret: 'wrong-secret' })).toEqual({
      exitCode: 1,
      lines: [
        expect.stringMatching(
          /ListDeliveryHistoryJobs \(account simulated\) was refused: HTTP 403 SignatureDoesNotMatch.*; check the access key secret/,
        ),
      ],
    });
  });

  it('an answer that is no JSON', async () => {
    cloud.setFaults({ notJson: 1 });
    const answer = await told(['check', 'trail']);
    cloud.setFaults({});
    expect(answer).toEqual({
      exitCode: 1,
      lines: [expect.stringMatching(/the body is not JSON.*not a proxy or login page/)],
    });
  });

  it('a list that cannot be proven: exit code 3 and the reason', async () => {
    cloud.setFaults({ totalAbsent: 1 });
    const { exitCode, stdout } = await work.run('sync', 'trail');
    cloud.setFaults({});
    expect(exitCode).toBe(3);
    expect(stdout).toContain('trail is incomplete: total_missing');
  });
});
