import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../queue/eventually.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import {
  everyTable,
  exportsConfig,
  secretsIn,
  startExportsCloud,
  trickyRows,
  trueRows,
  visibleRows,
} from '../support/exports.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

describe('a file behind a private address that is not configured', () => {
  let database: TestDatabase;
  let cloud: Simulator;
  let work: Workplace;

  beforeAll(async () => {
    database = await createDatabase();
    const target = { contentType: 'csv', compressionType: 'gzip' } as const;
    cloud = await startExportsCloud({ guarded: { file: { rows: trickyRows(100) }, target } });
    work = await openWorkplace({
      config: exportsConfig({ url: cloud.url, allowedHosts: ['*.aliyuncs.com'] }),
      env: { DATABASE_URL: database.url, REDIS_URL: '' },
    });
  });
  afterAll(async () => {
    await work.close();
    await cloud.close();
    await database.drop();
  });

  const shown = () =>
    rows<{ file_status: string; file_error: string | null }>(
      database.url,
      'select file_status, file_error from download_jobs',
    );

  it('waits and says what to configure, is asked nothing, and is loaded at the next start', async () => {
    const refusing = work.startDaemon();
    await refusing.says('queue_job_failed');
    const { host } = new URL(cloud.url);
    expect(await shown()).toEqual([
      {
        file_status: 'waiting',
        file_error: expect.stringContaining(
          `the link leads to ${host}, which is not in downloads.allowedHosts; see downloads.allowedHosts in logferry.yaml`,
        ),
      },
    ]);
    refusing.kill('SIGTERM');
    const { exitCode, stderr } = await refusing.ended;
    expect([exitCode, secretsIn([stderr, ...(await everyTable(database.url))])]).toEqual([0, []]);
    expect(cloud.requests()['GetObject']).toBeUndefined();

    await writeFile(join(work.folder, 'logferry.yaml'), exportsConfig({ url: cloud.url }));
    const mended = work.startDaemon();
    await eventually(async () => {
      expect(await shown()).toEqual([{ file_status: 'loaded', file_error: null }]);
    });
    expect(await visibleRows(database.url, 'guarded')).toEqual(trueRows(cloud, 'guarded'));
    mended.kill('SIGTERM');
    expect((await mended.ended).exitCode).toBe(0);
  });
});
