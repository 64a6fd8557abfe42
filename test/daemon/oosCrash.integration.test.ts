import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { excess, loggedTruth, oosConfig, storedLogs } from '../support/oos.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

const testTimeoutMs = 180_000;
const ids = ['exec-a', 'exec-b', 'exec-c', 'exec-d'];

/** Executions that log twins on many pages, some while the daemon is being killed. */
function startCloud(): Promise<Simulator> {
  const nowMs = Date.now();
  return startSimulator({
    seed: 5,
    accounts: [SCENARIO_ACCOUNT],
    region: 'cn-hangzhou',
    projects: {},
    faults: { delay: { when: 0.5, delayMs: 15 }, emptyPage: 0.05, shortPage: 0.2 },
    oos: {
      executions: ids.map((id, nth) => ({
        id,
        startedAtMs: nowMs - 60_000,
        runMs: 60_000 + 3_000 * nth,
        logs: Array.from({ length: 40 }, (_, n) => ({
          atMs: nowMs - 50_000 + Math.floor(n / 5) * 7_000,
          taskExecutionId: `${id}.t${n % 2}`,
          logType: 'System',
          message: `Step ${n % 3}`,
        })),
      })),
    },
  });
}

describe('a daemon that reads execution logs, killed with SIGKILL at random moments', () => {
  let database: TestDatabase;
  let cloud: Simulator;
  let work: Workplace;

  beforeAll(async () => {
    database = await createDatabase();
    cloud = await startCloud();
    const env = { DATABASE_URL: database.url };
    work = await openWorkplace({ config: oosConfig({ url: cloud.url }), env });
  });
  afterAll(async () => {
    await work.close();
    await cloud.close();
    await database.drop();
  });

  it(
    'ends with every entry of the cloud once, twins counted, and every execution closed',
    async () => {
      for (const event of ['page_stored', 'list_closed', 'walk_finished', null, null]) {
        const daemon = work.startDaemon();
        const hasHappened = () => daemon.events().some((line) => line['event'] === event);
        if (event === null) await sleep(1_500);
        else while (!hasHappened()) await sleep(2);
        daemon.kill('SIGKILL');
        await daemon.ended;
        expect(excess(await storedLogs(database.url), loggedTruth(cloud))).toEqual([]);
      }
      const survivor = work.startDaemon();
      const closed = () =>
        rows<{ id: string }>(
          database.url,
          'select execution_id as id from executions where closed_at is not null order by 1',
        );
      while ((await closed()).length < ids.length) await sleep(100);
      await survivor.says('walk_finished');
      expect(await storedLogs(database.url)).toEqual(loggedTruth(cloud));
      const changes = await rows<{ to: string }>(
        database.url,
        `select to_status as to from job_status_changes where to_status = 'SUCCESS'
         group by entry_key, to_status having count(*) > 1`,
      );
      expect(changes).toEqual([]);
      survivor.kill('SIGTERM');
      expect((await survivor.ended).exitCode).toBe(0);
    },
    testTimeoutMs,
  );
});
