import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import { textOf, truthOf } from '../engine/logCloud.ts';
import { rows } from './simulated.ts';

/** A simulated Logstore with a row every second of ten minutes that end a minute before `nowMs`; each tenth is a pair of twins. */
export function startLogsCloud(nowMs: number): Promise<Simulator> {
  const nowS = Math.floor(nowMs / 1_000);
  const logs = Array.from({ length: 600 }, (_, n) => ({
    timeS: nowS - 660 + n,
    fields: { __source__: '10.0.0.1', __topic__: 'app', level: 'ERROR', message: `m${n % 7}` },
  }));
  const twins = logs.filter((_, n) => n % 10 === 0);
  return startSimulator({
    ...{ seed: 7, accounts: [SCENARIO_ACCOUNT], region: 'cn-hangzhou' },
    projects: { [SCENARIO_PROJECT]: { logs: { app_log: { rows: [...logs, ...twins] } } } },
  });
}

/** A configuration that reads it as the stream `errors`. */
export function logsConfig(cloud: {
  readonly url: string;
  /** What the cloud was started with. */
  readonly startedAtMs: number;
  readonly accessKeySecret?: string;
  readonly logstore?: string;
}): string {
  const { accessKeyId, accessKeySecret } = { ...SCENARIO_ACCOUNT, ...cloud };
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
    endpoints: { sls: "${cloud.url}" }
streams:
  errors:
    source: aliyun.sls.project_logs
    account: simulated
    project: ${SCENARIO_PROJECT}
    logstore: ${cloud.logstore ?? 'app_log'}
    start: "${new Date(cloud.startedAtMs - 660_000).toISOString()}"
    window: 10s
    settle: 1s
    lookback: 1m
    concurrency: 2
    schedule: "* * * * * *"
`;
}

/** Every row that the cloud has, in an order of its own. */
export function foundLogs(cloud: Simulator): readonly string[] {
  return truthOf(cloud.logs(SCENARIO_PROJECT, 'app_log').found(Date.now()));
}

/** Every row that is stored, in the same order. */
export async function storedLogRows(databaseUrl: string): Promise<readonly string[]> {
  const stored = await rows<{ content: object }>(databaseUrl, 'select content from project_logs');
  return stored.map(({ content }) => textOf(content)).sort();
}
