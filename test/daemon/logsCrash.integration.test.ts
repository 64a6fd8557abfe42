import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import { textOf, truthOf } from '../engine/logCloud.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

const testTimeoutMs = 240_000;

/** A row every second of the last ten minutes, each tenth a pair of twins; answers take a moment and some are cut. */
function startCloud(nowMs: number): Promise<Simulator> {
  const nowS = Math.floor(nowMs / 1_000);
  const logs = Array.from({ length: 600 }, (_, n) => ({
    timeS: nowS - 660 + n,
    fields: { __source__: '10.0.0.1', __topic__: 'app', level: 'ERROR', message: `m${n % 7}` },
  }));
  const twins = logs.filter((_, n) => n % 10 === 0);
  return startSimulator({
    ...{ seed: 7, accounts: [SCENARIO_ACCOUNT], region: 'cn-hangzhou' },
    projects: { [SCENARIO_PROJECT]: { logs: { app_log: { rows: [...logs, ...twins] } } } },
    faults: { delay: { when: 0.5, delayMs: 40 }, cutBody: 0.03, serverBusy: 0.03 },
  });
}

describe('a daemon that reads logs, killed with SIGKILL at random moments', () => {
  const startedAtMs = Date.now();
  let database: TestDatabase;
  let cloud: Simulator;
  let work: Workplace;

  beforeAll(async () => {
    database = await createDatabase();
    cloud = await startCloud(startedAtMs);
    work = await openWorkplace({
      config: configFor(cloud.url),
      env: { DATABASE_URL: database.url },
    });
  });
  afterAll(async () => {
    await work.close();
    await cloud.close();
    await database.drop();
  });

  const stored = async () =>
    (await rows<{ content: object }>(database.url, 'select content from project_logs'))
      .map(({ content }) => textOf(content))
      .sort();

  it(
    'ends with every row of the cloud once, twins counted, and never had another one',
    async () => {
      const truth = truthOf(cloud.logs(SCENARIO_PROJECT, 'app_log').found(Date.now()));
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

  function configFor(url: string): string {
    const { accessKeyId, accessKeySecret } = SCENARIO_ACCOUNT;
    return `
database: { url: "\${DATABASE_URL}" }
queue: { requeueEvery: 1s, lockDuration: 1s }
web: { port: 0 }
log: { level: debug }
accounts:
  simulated:
    provider: aliyun
    region: cn-hangzhou
    credentials: { type: access_key, accessKeyId: ${accessKeyId}, accessKeySecret: ${accessKeySecret} }
    endpoints: { sls: "${url}" }
streams:
  errors:
    source: aliyun.sls.project_logs
    account: simulated
    project: ${SCENARIO_PROJECT}
    logstore: app_log
    start: "${new Date(startedAtMs - 660_000).toISOString()}"
    window: 10s
    settle: 1s
    lookback: 1m
    concurrency: 2
    schedule: "* * * * * *"
`;
  }
});
