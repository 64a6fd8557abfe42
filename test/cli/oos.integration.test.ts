import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FaultOptions } from '../../src/simulator/faults.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Ended } from '../support/daemon.ts';
import { loggedTruth, oosConfig, storedLogs } from '../support/oos.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let cloud: Simulator;
beforeEach(async () => {
  database = await createDatabase();
  cloud = await startSimulator({
    seed: 3,
    accounts: [SCENARIO_ACCOUNT],
    region: 'cn-hangzhou',
    projects: {},
    oos: { executions: [{ id: 'exec-over', startedAtMs: Date.now() - 3_600_000 }] },
  });
});
afterEach(async () => {
  await cloud.close();
  await database.drop();
});

async function run(
  settings: { readonly accessKeySecret?: string; readonly which?: string },
  ...args: readonly string[]
): Promise<Ended> {
  const config = oosConfig({ url: cloud.url, ...settings });
  const work = await openWorkplace({ config, env: { DATABASE_URL: database.url } });
  try {
    return await work.run(...args);
  } finally {
    await work.close();
  }
}

function requestsSent(): number {
  const byStatus = Object.values(cloud.requests()).flatMap((counts) => Object.values(counts));
  return byStatus.reduce((sum, count) => sum + count, 0);
}

describe('logferry on execution logs', () => {
  it('syncs every entry, once, and a second time nothing', async () => {
    const first = await run({}, 'sync');
    expect([first.exitCode, await storedLogs(database.url)]).toEqual([0, loggedTruth(cloud)]);
    const again = await run({}, 'sync', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      walks: [{ outcome: 'complete', counts: { inserted: 0 } }],
    });
    expect(await storedLogs(database.url)).toEqual(loggedTruth(cloud));
  });

  it('checks by one real request', async () => {
    const { exitCode, stdout } = await run({ which: 'executions: [exec-over]' }, 'check');
    expect(stdout).toMatch(/runbooks\s+ok\s+ListExecutionLogs answered in .* exec-over/);
    expect(exitCode).toBe(0);
  });

  it.each<[string, Parameters<typeof run>[0], FaultOptions, RegExp, number]>([
    ['wrong keys', { accessKeySecret: 'wrong' }, {}, /SignatureDoesNotMatch.*access key secret/, 1],
    [
      'a missing execution',
      { which: 'executions: [exec-none, exec-over]' },
      {},
      /execution exec-none; check the ids/,
      20,
    ],
    ['answers that are no JSON', {}, { notJson: 1 }, /is not JSON/, 6],
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
    expect([exitCode, await storedLogs(database.url)]).toEqual([0, loggedTruth(cloud)]);
  });
});
