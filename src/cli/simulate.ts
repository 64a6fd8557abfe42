import { once } from 'node:events';
import { errorCodeOf } from '../domain/errorCode.ts';
import {
  SCENARIO_ACCOUNT,
  SCENARIO_PROJECT,
  bulkExportsScenario,
  bulkLogsScenario,
  bulkScenario,
  demoScenario,
  type Scenario,
} from '../simulator/scenario.ts';
import { SCENARIO_SUB_JOBS, SCENARIO_USER } from '../simulator/huawei/demoChecks.ts';
import { startSimulator } from '../simulator/server.ts';
import { EXIT, type ExitCode, type Shell } from './command.ts';
import { UsageError } from './usageError.ts';

export interface SimulateOptions {
  /** 0: any free port. */
  readonly port: number;
  /** null: the small world of the demo, which keeps moving. */
  readonly jobs: number | null;
  /** Log entries of the Logstore app_log; null likewise. */
  readonly logs: number | null;
  /** Finished jobs with real files of 1,000 rows; null likewise. */
  readonly exports: number | null;
}

/**
 * `logferry simulate`: the cloud simulator alone, until Ctrl-C, with a configuration that reads it.
 * @throws UsageError when it cannot listen on the port
 */
export async function runSimulate(options: SimulateOptions, shell: Shell): Promise<ExitCode> {
  const scenario = scenarioOf(options, Date.now());
  const simulator = await startSimulator({ ...scenario, port: options.port }).catch(
    (error: unknown) => {
      const reason = PORT_FAILURES.get(errorCodeOf(error) ?? '');
      throw reason === undefined ? error : new UsageError(`port ${options.port}: ${reason}`);
    },
  );
  try {
    shell.out(`The simulator answers on ${simulator.url}. A logferry.yaml that reads it:`);
    shell.out('');
    shell.out(
      simulatorConfig({ url: simulator.url, schedule: '*/10 * * * * *', nowMs: Date.now() }),
    );
    shell.out('Ctrl-C stops it.');
    if (!shell.signal.aborted) await once(shell.signal, 'abort');
    return EXIT.done;
  } finally {
    await simulator.close();
  }
}

const PORT_FAILURES = new Map([
  [
    'EADDRINUSE',
    'in use; stop the program that uses it, or choose another one with --port (0 for any)',
  ],
  ['EACCES', 'not allowed; ports below 1024 need privileges, choose a higher one with --port'],
]);
function scenarioOf({ jobs, logs, exports }: SimulateOptions, nowMs: number): Scenario {
  if (exports !== null) return bulkExportsScenario({ count: exports, nowMs });
  if (logs !== null) return bulkLogsScenario({ count: Math.max(1, logs), nowMs });
  if (jobs !== null) return bulkScenario({ count: jobs, nowMs });
  return demoScenario({ nowMs, churn: { createsPerSecond: 0.2, deletesPerSecond: 0.1 } });
}

const logsAgeMs = 10 * 60_000;

/** The text of a `logferry.yaml` for a simulator at `url`. `extra`: further top-level lines. `track`: polling of jobs. */
export function simulatorConfig(simulator: {
  readonly url: string;
  readonly schedule: string;
  readonly extra?: readonly string[];
  readonly track?: string;
  /** Logs of the last ten minutes before this time are read. */
  readonly nowMs: number;
}): string {
  const { url, schedule, extra = [], track = '{ pollMin: 1s, pollMax: 10s }' } = simulator;
  const start = new Date(simulator.nowMs - logsAgeMs).toISOString();
  return [
    ...extra,
    // The links of the simulated object store: a loopback address is fetched from when it is listed by name.
    `downloads: { allowedHosts: ["${new URL(url).hostname}"] }`,
    'accounts:',
    '  simulated:',
    '    provider: aliyun',
    '    region: cn-hangzhou',
    '    credentials:',
    '      type: access_key',
    `      accessKeyId: ${SCENARIO_ACCOUNT.accessKeyId}`,
    `      accessKeySecret: ${SCENARIO_ACCOUNT.accessKeySecret}`,
    `    endpoints: { sls: "${url}", oos: "${url}", actiontrail: "${url}" }`,
    '  build:',
    '    provider: huawei',
    '    region: cn-north-4',
    '    credentials:',
    '      type: password',
    `      domain: ${SCENARIO_USER.domain}`,
    `      user: ${SCENARIO_USER.name}`,
    `      password: ${SCENARIO_USER.password}`,
    `    endpoints: { iam: "${url}", codearts_check: "${url}" }`,
    'streams:',
    '  exports:',
    '    source: aliyun.sls.download_jobs',
    '    account: simulated',
    `    project: ${SCENARIO_PROJECT}`,
    `    schedule: "${schedule}"`,
    `    track: ${track}`,
    '    download: true',
    '  trail:',
    '    source: aliyun.actiontrail.delivery_history_jobs',
    '    account: simulated',
    `    schedule: "${schedule}"`,
    `    track: ${track}`,
    '  checklogs:',
    '    source: huawei.codearts_check.log_files',
    '    account: build',
    `    subJobIds: [${SCENARIO_SUB_JOBS.join(', ')}]`,
    '    utcOffset: "+08:00"',
    `    schedule: "${schedule}"`,
    '  runbooks:',
    '    source: aliyun.oos.execution_logs',
    '    account: simulated',
    '    discover: { startedWithin: 1d }',
    '    settle: 1s',
    `    schedule: "${schedule}"`,
    `    track: ${track}`,
    '  errors:',
    '    source: aliyun.sls.project_logs',
    '    account: simulated',
    `    project: ${SCENARIO_PROJECT}`,
    '    logstore: app_log',
    '    where: "level = \'ERROR\'"',
    `    start: "${start}"`,
    `    schedule: "${schedule}"`,
    '    window: 1m',
    '    settle: 2s',
    '    lookback: 1m',
    '',
  ].join('\n');
}
