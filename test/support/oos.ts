import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { rows } from './simulated.ts';

/** A configuration that reads the simulated executions as the stream `runbooks`. */
export function oosConfig(cloud: {
  readonly url: string;
  readonly accessKeySecret?: string;
  /** YAML. @default discover: {} */
  readonly which?: string;
}): string {
  return `
database: { url: "\${DATABASE_URL}" }
queue: { requeueEvery: 1s, lockDuration: 1s }
web: { port: 0 }
log: { level: debug }
accounts:
  simulated:
    provider: aliyun
    region: cn-hangzhou
    credentials:
      type: access_key
      accessKeyId: ${SCENARIO_ACCOUNT.accessKeyId}
      accessKeySecret: ${cloud.accessKeySecret ?? SCENARIO_ACCOUNT.accessKeySecret}
    endpoints: { oos: "${cloud.url}" }
streams:
  runbooks:
    source: aliyun.oos.execution_logs
    account: simulated
    ${cloud.which ?? 'discover: {}'}
    maxResults: 7
    settle: 1s
    schedule: "* * * * * *"
    track: { pollMin: 200ms, pollMax: 1s }
`;
}

/** Every entry as it is understood, twins as often as they are there, sorted. */
export function loggedTruth(cloud: Simulator): readonly string[] {
  const oos = cloud.oos();
  return oos
    .executions()
    .flatMap(({ id }) =>
      oos
        .logs(id)
        .map((log) =>
          [
            ...[id, log.TaskExecutionId, log.LogType.trim(), log.Message],
            log.Timestamp.replace('T:', 'T'),
          ].join(' | '),
        ),
    )
    .sort();
}

/** What the table holds, in the same form. */
export async function storedLogs(url: string): Promise<readonly string[]> {
  const stored = await rows<{ entry: string }>(
    url,
    `select concat_ws(' | ', execution_id, task_execution_id, log_type, message,
       to_char(logged_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) as entry
     from execution_logs`,
  );
  return stored.map(({ entry }) => entry).sort();
}

/** What of `some` is not covered by `by`, twins counted. */
export function excess(some: readonly string[], by: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const one of by) left.set(one, (left.get(one) ?? 0) + 1);
  return some.filter((one) => {
    const n = left.get(one) ?? 0;
    left.set(one, n - 1);
    return n === 0;
  });
}
