import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.ts';
import { cloudConfig, rows, startCloud, storedJobs } from '../support/simulated.ts';

const jobs = 30;

let cloud: Simulator;
let database: TestDatabase;
let work: Workplace;

beforeAll(async () => {
  cloud = await startCloud(jobs);
  database = await createEmptyDatabase();
  work = await openWorkplace({
    config: cloudConfig({ url: cloud.url }),
    env: { DATABASE_URL: database.url, REDIS_URL: '' },
  });
});
afterAll(async () => {
  await work.close();
  await database.drop();
  await cloud.close();
});

async function jobsStored(): Promise<number> {
  const [row] = await rows<{ stored: number }>(
    database.url,
    'select count(*)::int as stored from download_jobs',
  );
  return row?.stored ?? -1;
}

// In this order: each begins where the one before has left the database.
describe('a newcomer, command by command', () => {
  it('migrates once, and again without harm', async () => {
    const first = await work.run('migrate', '--json');
    const again = await work.run('migrate', '--json');
    expect([first.exitCode, again.exitCode]).toEqual([0, 0]);
    expect((JSON.parse(first.stdout) as { applied: string[] }).applied.length).toBeGreaterThan(0);
    expect((JSON.parse(again.stdout) as { applied: string[] }).applied).toEqual([]);
  });

  it('checks database, queue and stream, a line each', async () => {
    const { exitCode, stdout } = await work.run('check', '--json');
    const results = JSON.parse(stdout) as { what: string; ok: boolean; detail: string }[];
    expect(exitCode).toBe(0);
    expect(results.map(({ what, ok }) => [what, ok])).toEqual([
      ['configuration', true],
      ['database', true],
      ['queue', true],
      ['stream exports', true],
    ]);
    expect(results.at(-1)?.detail).toMatch(/ListDownloadJobs answered in \d+ ms: 30 jobs listed/);
  });

  it('tells with exit code 3 that a stream was never walked', async () => {
    const { exitCode, stdout } = await work.run('status');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/exports\s+never walked/);
  });

  it('stores nothing in a dry run, and says so', async () => {
    const { exitCode, stdout } = await work.run('sync', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Dry run: nothing was stored.');
    expect(await jobsStored()).toBe(0);
  });

  it('stores every job, and counts what it did as JSON on standard output alone', async () => {
    const { exitCode, stdout } = await work.run('sync', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      walks: [
        {
          stream: 'exports',
          outcome: 'complete',
          reason: null,
          counts: { entriesSeen: jobs, inserted: jobs, updated: 0, rejected: 0 },
        },
      ],
      jobs: null,
    });
    expect(await jobsStored()).toBe(jobs);
  });

  it('finds nothing new the second time', async () => {
    const { stdout } = await work.run('sync', '--json', 'exports');
    expect(JSON.parse(stdout)).toMatchObject({
      walks: [{ outcome: 'complete', counts: { inserted: 0, updated: 0, duplicates: jobs } }],
    });
  });

  it('follows a new job to its end with --wait', async () => {
    cloud
      .project('big-game')
      .insert({ name: 'fresh-export', createdAtMs: Date.now(), startMs: 0, runMs: 12_000 });
    const { exitCode, stdout } = await work.run('sync', '--wait', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: { jobs: 1, done: 1, failed: [] } });
    const stored = await storedJobs(database.url);
    expect(stored.find(({ name }) => name === 'fresh-export')?.status).toMatch(
      /^(SUCCEEDED|ERROR)$/,
    );
  });

  it('says where every stream stands', async () => {
    const table = await work.run('status');
    expect(table.exitCode).toBe(0);
    expect(table.stdout).toMatch(/exports\s+complete\s+.* ago\s+31\s+0\s+0\s+0/);
    const { stdout } = await work.run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'exports', entries: jobs + 1, openJobs: 0, walks: { complete: 3 } },
    ]);
  });

  it('refuses a stream that is not configured, and names those that are', async () => {
    const { exitCode, stderr } = await work.run('sync', 'exprots');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/exprots.*exports/s);
  });
});
