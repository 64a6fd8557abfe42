import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { foundLogs, logsConfig, startLogsCloud, storedLogRows } from '../support/logs.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

const testTimeoutMs = 240_000;

describe('a daemon that reads logs, killed with SIGKILL at random moments', () => {
  const startedAtMs = Date.now();
  let database: TestDatabase;
  let cloud: Simulator;
  let work: Workplace;

  beforeAll(async () => {
    database = await createDatabase();
    cloud = await startLogsCloud(startedAtMs);
    cloud.setFaults({ delay: { when: 0.5, delayMs: 40 }, cutBody: 0.03, serverBusy: 0.03 });
    work = await openWorkplace({
      config: logsConfig({ url: cloud.url, startedAtMs }),
      env: { DATABASE_URL: database.url },
    });
  });
  afterAll(async () => {
    await work.close();
    await cloud.close();
    await database.drop();
  });

  const stored = () => storedLogRows(database.url);

  it(
    'ends with every row of the cloud once, twins counted, and never had another one',
    async () => {
      const truth = foundLogs(cloud);
      for (const waitMs of [1_500, 2_000, 2_600, null]) {
        const daemon = work.startDaemon();
        const hasWalked = () => daemon.events().some((line) => line['event'] === 'walk_finished');
        if (waitMs === null) while (!hasWalked()) await sleep(20);
        else await sleep(waitMs);
        daemon.kill('SIGKILL');
        await daemon.ended;
        const kept = await stored();
        expect(truth).toEqual(expect.arrayContaining([...kept]));
        expect(kept.length).toBeLessThanOrEqual(truth.length);
      }
      const survivor = work.startDaemon();
      while ((await stored()).length < truth.length) await sleep(100);
      survivor.kill('SIGKILL');
      await survivor.ended;
      expect(await stored()).toEqual(truth);
    },
    testTimeoutMs,
  );
});
