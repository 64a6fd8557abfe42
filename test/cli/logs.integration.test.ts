import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultOptions } from '../../src/simulator/faults.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Ended, type Workplace } from '../support/daemon.ts';
import { foundLogs, logsConfig, startLogsCloud, storedLogRows } from '../support/logs.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

let startedAtMs: number;
let database: TestDatabase;
let cloud: Simulator;
const places: Workplace[] = [];

beforeEach(async () => {
  startedAtMs = Date.now();
  database = await createDatabase();
  cloud = await startLogsCloud(startedAtMs);
});
afterEach(async () => {
  await Promise.all(places.splice(0).map((place) => place.close()));
  await cloud.close();
  await database.drop();
});

type Settings = Omit<Parameters<typeof logsConfig>[0], 'url' | 'startedAtMs'>;

async function workplace(settings: Settings = {}): Promise<Workplace> {
  const config = logsConfig({ url: cloud.url, startedAtMs, ...settings });
  const place = await openWorkplace({ config, env: { DATABASE_URL: database.url } });
  places.push(place);
  return place;
}

async function run(settings: Settings, ...args: readonly string[]): Promise<Ended> {
  return (await workplace(settings)).run(...args);
}

function requestsSent(): number {
  const byStatus = Object.values(cloud.requests()).flatMap((counts) => Object.values(counts));
  return byStatus.reduce((sum, count) => sum + count, 0);
}

/** The ten minutes that hold every row. */
function wholeRange(): readonly string[] {
  const at = (offsetMs: number) =>
    new Date(startedAtMs + offsetMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return ['--from', at(-662_000), '--to', at(-50_000)];
}

describe('logferry on SQL logs', () => {
  it('syncs every row, twins counted, and a second time nothing', async () => {
    const first = await run({}, 'sync', '--json');
    expect([first.exitCode, await storedLogRows(database.url)]).toEqual([0, foundLogs(cloud)]);
    const again = await run({}, 'sync', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      walks: [{ outcome: 'complete', counts: { inserted: 0 } }],
    });
    expect(await storedLogRows(database.url)).toEqual(foundLogs(cloud));
  });

  it('checks by one real request', async () => {
    const { exitCode, stdout } = await run({}, 'check');
    expect(stdout).toMatch(/errors\s+ok\s+GetProjectLogs answered in/);
    expect(exitCode).toBe(0);
  });

  it.each<[string, Settings, FaultOptions, RegExp, number]>([
    ['wrong keys', { accessKeySecret: 'wrong' }, {}, /SignatureNotMatch/, 4],
    ['a missing Logstore', { logstore: 'no_log' }, {}, /LogStoreNotExist/, 4],
    ['answers that are no JSON', {}, { notJson: 1 }, /JSON/, 60],
  ])('names %s in one line, without a hot loop', async (_what, settings, faults, line, most) => {
    cloud.setFaults(faults);
    const { exitCode, stdout, stderr } = await run(settings, 'sync');
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(line)]);
    expect(stdout.split('\n').filter((text) => line.test(text))).toHaveLength(1);
    expect(requestsSent()).toBeLessThanOrEqual(most);
    expect(`${stdout}${stderr}`).not.toContain(SCENARIO_ACCOUNT.accessKeySecret);
  });

  it('waits throttling out and loses nothing', async () => {
    cloud.setFaults({ throttle: { at: [0, 2] } });
    const { exitCode } = await run({}, 'sync');
    expect([exitCode, await storedLogRows(database.url)]).toEqual([0, foundLogs(cloud)]);
  });

  it('goes on with a backfill that was killed, stores each row once, and leaves the live position alone', async () => {
    cloud.setFaults({ delay: { when: 1, delayMs: 30 } });
    const place = await workplace();
    const killed = place.start('backfill', 'errors', ...wholeRange());
    while ((await storedLogRows(database.url)).length < 100) await sleep(5);
    killed.kill('SIGKILL');
    await killed.ended;
    const before = await storedLogRows(database.url);
    expect(before.length).toBeLessThan(foundLogs(cloud).length);

    const askedBefore = requestsSent();
    const { exitCode, stdout } = await place.run('backfill', 'errors', ...wholeRange(), '--json');
    expect([exitCode, await storedLogRows(database.url)]).toEqual([0, foundLogs(cloud)]);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'complete' });
    // About 62 windows in all, of which the killed one had read nine: they are not asked for again.
    expect(requestsSent() - askedBefore).toBeLessThan(62);
    expect(await rows(database.url, 'select high_water_at from streams')).toEqual([
      { high_water_at: null },
    ]);
  });
});
