import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { exportsConfig, startExportsCloud, trickyRows } from '../support/exports.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

let cloud: Simulator;
let database: TestDatabase;
let work: Workplace;

beforeAll(async () => {
  const target = { contentType: 'csv', compressionType: 'gzip' } as const;
  cloud = await startExportsCloud({
    whole: { target, file: { rows: trickyRows(50) } },
    ragged: { target, file: { rows: trickyRows(50), badRows: [7] } },
  });
  database = await createEmptyDatabase();
  work = await openWorkplace({
    config: exportsConfig({ url: cloud.url }),
    env: { DATABASE_URL: database.url, REDIS_URL: '' },
  });
});
afterAll(async () => {
  await work.close();
  await database.drop();
  await cloud.close();
});

interface Printed {
  readonly files: { readonly files: number; readonly rows: number; readonly unloaded: unknown[] };
}

const stored = () =>
  rows<{ job: string; status: string; rows: string; file_status: string }>(
    database.url,
    `select f.job, f.status, f.rows, j.file_status
     from download_files f join download_jobs j on j.id = f.job_id order by f.job`,
  );

// In this order: each begins where the one before has left the database.
describe('sync, for a stream that loads files', () => {
  it('only notes which files are to be loaded, and loads none, without --wait', async () => {
    const { exitCode } = await work.run('sync');
    expect(exitCode).toBe(0);
    expect((await stored()).map(({ status }) => status)).toEqual(['waiting', 'waiting']);
  });

  it('refuses --retry-files without --wait', async () => {
    const { exitCode, stderr } = await work.run('sync', '--retry-files');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--retry-files needs --wait')]);
  });

  it('loads them with --wait, and ends with 3 naming the one that is not whole and what to do', async () => {
    const { exitCode, stdout } = await work.run('sync', '--wait');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/the file of job ragged@\d+ is incomplete: rows_differ: 49 rows loaded/);
    expect(stdout).toContain('logferry sync --wait --retry-files');
    expect(await stored()).toMatchObject([
      { job: 'ragged', status: 'incomplete', rows: '49', file_status: 'incomplete' },
      { job: 'whole', status: 'loaded', rows: '50', file_status: 'loaded' },
    ]);
  });

  it('leaves alone what has ended, until it is asked to load it anew', async () => {
    const before = cloud.requests()['GetObject'];
    const again = await work.run('sync', '--wait', '--json');
    expect((JSON.parse(again.stdout) as Printed).files).toMatchObject({ files: 0, unloaded: [] });
    expect(cloud.requests()['GetObject']).toEqual(before);
    const retried = await work.run('sync', '--wait', '--retry-files', '--json');
    expect((JSON.parse(retried.stdout) as Printed).files).toMatchObject({
      ...{ files: 1, rows: 49 },
      unloaded: [{ kind: 'incomplete' }],
    });
    expect([again.exitCode, retried.exitCode]).toEqual([0, 3]);
    const counted = await rows(database.url, 'select count(*) from download_rows');
    expect(counted).toEqual([{ count: '99' }]);
  });

  it('shows with status that a file is not whole, with exit code 3', async () => {
    const { exitCode, stdout } = await work.run('status');
    expect([exitCode, stdout]).toEqual([3, expect.stringMatching(/1 loaded, 1 incomplete/)]);
  });
});
