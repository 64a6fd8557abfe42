import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Ended, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cloudConfig, rows, startCloud } from '../support/simulated.ts';

let database: TestDatabase;
let cloud: Simulator;
let place: Workplace;

beforeEach(async () => {
  database = await createDatabase();
  const lifecycle = { startMs: [0, 0], runMs: [300, 300], failShare: 0 } as const;
  const fromS = Date.parse('2026-11-01') / 1_000;
  const logs = { app_log: { made: { fromS, toS: fromS + 100, perSecond: 2 } } };
  cloud = await startCloud(3, { logstores: ['app_log'], lifecycle, logs });
  const config = cloudConfig({ url: cloud.url });
  place = await openWorkplace({ config, env: { DATABASE_URL: database.url } });
});
afterEach(async () => {
  await place.close();
  await cloud.close();
  await database.drop();
});

const range = ['--from', '2026-11-01', '--to', '2026-11-02'];
const what = ['--logstore', 'app_log', '--query', 'level: ERROR', ...range];

function order(...more: readonly string[]): Promise<Ended> {
  return place.run('export', 'exports', ...what, ...more);
}

/** Names of the jobs that were ever created at the cloud, besides those it began with. */
function created(): readonly string[] {
  const { history } = cloud.project(SCENARIO_PROJECT);
  return history()
    .flatMap(({ job: { name } }) => (name.startsWith('bulk') ? [] : [name]))
    .sort();
}

interface OrderRow {
  readonly name: string;
  readonly order_status: string;
  readonly job_status: string | null;
}

function orders(): Promise<readonly OrderRow[]> {
  return rows<OrderRow>(
    database.url,
    'select name, order_status, job_status from analytics.exports order by name',
  );
}

describe('logferry export', () => {
  it('orders a job, stores it at once, and names it', async () => {
    const { exitCode, stdout } = await order('--name', 'nightly');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('nightly is ordered')]);
    expect(created()).toContain('nightly');
    expect(await orders()).toEqual([
      { name: 'nightly', order_status: 'ordered', job_status: expect.any(String) },
    ]);
  });

  it('follows it to its end, and does not order it again under the same name', async () => {
    const { exitCode, stdout } = await order('--name', 'nightly', '--wait', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ stream: 'exports', name: 'nightly', outcome: 'succeeded', jobStatus: 'SUCCEEDED' },
    });
    const before = created();
    const again = await order('--name', 'nightly', '--wait');
    expect([again.exitCode, again.stdout]).toEqual([0, expect.stringContaining('has SUCCEEDED')]);
    expect(created()).toEqual(before);
  });

  it('loads the file of the job it has waited for, where its stream loads files', async () => {
    const host = new URL(cloud.url).host;
    const config = cloudConfig({ url: cloud.url })
      .replace('pageSize: 50', 'pageSize: 50\n    download: true')
      .replace('streams:', `downloads: { allowedHosts: ["${host}"] }\nstreams:`);
    const loading = await openWorkplace({ config, env: { DATABASE_URL: database.url } });
    try {
      const all = ['--logstore', 'app_log', '--query', '*', ...range, '--name', 'loaded'];
      const args = ['export', 'exports', ...all, '--wait', '--json'];
      const { exitCode, stdout } = await loading.run(...args);
      const [stored] = await rows<{ rows: number; status: string }>(
        database.url,
        `select count(r.row_no)::int as rows, min(f.status) as status
         from download_files f left join download_rows r on r.download_file_id = f.id`,
      );
      expect([exitCode, stored]).toEqual([0, { rows: 200, status: 'loaded' }]);
      expect(JSON.parse(stdout)).toMatchObject({
        ...{ outcome: 'succeeded', file: { kind: 'loaded', rows: 200, reason: null } },
      });
    } finally {
      await loading.close();
    }
  });

  it('refuses the name of another export, naming what differs', async () => {
    await order('--name', 'nightly');
    const other = await order('--name', 'nightly', '--format', 'json');
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringMatching(/other format/)]);
  });

  it('does not order twice where the answer to the order is lost', async () => {
    cloud.setFaults({ apis: ['CreateDownloadJob'], reset: { at: [0] } });
    const { exitCode } = await order('--name', 'nightly');
    expect(exitCode).toBe(0);
    expect(cloud.requests()['CreateDownloadJob']).toEqual({ reset: 1 });
    expect((await orders()).map(({ order_status: status }) => status)).toEqual(['ordered']);
  });

  it('says why the service refuses it, and orders it again when told to', async () => {
    const wrong = ['--logstore', 'no_log', '--query', '*', ...range, '--name', 'wrong'];
    const { exitCode, stdout } = await place.run('export', 'exports', ...wrong);
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/LogStoreNotExist/)]);
    expect(stdout).toContain('logferry export exports --again wrong');
    const again = await place.run('export', 'exports', '--again', 'wrong', '--json');
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      ...{ name: 'wrong-a2', attempt: 2, outcome: 'refused' },
    });
    expect(`${stdout}${again.stderr}`).not.toContain(SCENARIO_ACCOUNT.accessKeySecret);
  });

  it('says why a job ended in ERROR, and orders it again when told to', async () => {
    cloud.project(SCENARIO_PROJECT).insert({
      ...{ name: 'failing', logstore: 'app_log', query: 'level: ERROR', startMs: 0, runMs: 0 },
      fromTime: Date.parse('2026-11-01') / 1_000,
      toTime: Date.parse('2026-11-02') / 1_000,
      ending: { status: 'ERROR', errorMessage: 'the query is too heavy' },
    });
    const { exitCode, stdout } = await order('--name', 'failing', '--wait');
    expect([exitCode, stdout]).toEqual([
      1,
      expect.stringMatching(/ended in ERROR: the query is too heavy\n.*--again failing/),
    ]);
    const again = await place.run('export', 'exports', '--again', 'failing', '--wait');
    expect([again.exitCode, again.stdout]).toEqual([
      0,
      expect.stringContaining('failing-a2 has SUCCEEDED'),
    ]);
    const done = await place.run('export', 'exports', '--again', 'failing-a2');
    expect([done.exitCode, done.stderr]).toEqual([2, expect.stringMatching(/has not failed/)]);
  });

  it('leaves a job alone that has its name and exports something else', async () => {
    cloud.project(SCENARIO_PROJECT).insert({ name: 'taken', query: 'another' });
    const { exitCode, stdout } = await order('--name', 'taken');
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/taken by a job/)]);
  });

  it('says how to go on when it is interrupted while it waits', async () => {
    cloud.project(SCENARIO_PROJECT).insert({
      ...{ name: 'long', logstore: 'app_log', query: 'level: ERROR', runMs: 600_000 },
      fromTime: Date.parse('2026-11-01') / 1_000,
      toTime: Date.parse('2026-11-02') / 1_000,
    });
    const running = place.start('export', 'exports', ...what, '--name', 'long', '--wait');
    await running.says('ordered_job_seen');
    running.kill('SIGINT');
    const { exitCode, stderr } = await running.ended;
    expect([exitCode, stderr]).toEqual([130, expect.stringMatching(/long goes on at the cloud/)]);
  });

  it.each([
    [['--query', '*', ...range], /--logstore is missing/],
    [[...what, '--name', '-x'], /--name takes 2 to 64/],
    [['--again', 'nobody'], /no export nobody was ordered/],
    [[...what, '--format', 'xml'], /Allowed choices are csv, json/],
  ])('refuses the command line %j', async (args, message) => {
    const { exitCode, stderr } = await place.run('export', 'exports', ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(cloud.requests()).toEqual({});
  });

  it('orders one job however often and whenever it is killed', async () => {
    cloud.setFaults({
      apis: ['CreateDownloadJob', 'GetDownloadJob'],
      delay: { when: 1, delayMs: 120 },
    });
    const name = 'killed';
    // From before the order is stored to after its job is.
    const lives = [700, 900, 1_000, 1_100, 1_200, 1_300, 1_450];
    for (const lifeMs of lives) {
      const running = place.start('export', 'exports', ...what, '--name', name, '--wait');
      await Promise.race([sleep(lifeMs), running.ended]);
      running.kill('SIGKILL');
      await running.ended;
    }
    // The moment its name is stored, and the moment it is ordered.
    for (const text of ['is called', 'export_ordered']) {
      const other = place.start('export', 'exports', ...what, '--name', `${name}-${text.length}`);
      await other.says(text);
      other.kill('SIGKILL');
      await other.ended;
      const { exitCode } = await order('--name', `${name}-${text.length}`);
      expect(exitCode).toBe(0);
    }
    const { exitCode } = await order('--name', name, '--wait');
    expect(exitCode).toBe(0);
    expect(cloud.requests()['CreateDownloadJob']?.['400'] ?? 0).toBe(0);
    expect(created().filter((one) => one.startsWith(name))).toEqual([
      ...['killed', 'killed-14', 'killed-9'],
    ]);
  }, 120_000);
});
