import type { StreamRuntime, WindowStream } from '../../src/engine/ports.ts';
import { walkStream, type WalkResult, type WalkRun } from '../../src/engine/walkStream.ts';
import { createHttpClient } from '../../src/http/client.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import type { LogRow, LogstoreOptions } from '../../src/simulator/sls/logs.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { slsProjectLogs } from '../../src/sources/slsProjectLogs.ts';
import { engineDeps, fakeClock, recordingLog, walkDeps } from './engineKit.ts';

/** 2026-11-23T12:00:00Z. */
export const noonS = Date.UTC(2026, 10, 23, 12) / 1_000;

/** A simulated Logstore `app_log`, its clock and its client. */
export interface LogCloud {
  readonly cloud: Simulator;
  readonly api: CloudApi;
  readonly clock: ReturnType<typeof fakeClock>;
  close(): Promise<void>;
}

export async function openLogCloud(
  logs: LogstoreOptions,
  more: { readonly seed?: number; readonly accessKeySecret?: string } = {},
): Promise<LogCloud> {
  const clock = fakeClock(noonS * 1_000);
  const cloud = await startSimulator({
    ...{ seed: more.seed ?? 1, accounts: [SCENARIO_ACCOUNT], region: 'cn-hangzhou' },
    projects: { [SCENARIO_PROJECT]: { logs: { app_log: logs } } },
    nowMs: () => clock.nowMs(),
  });
  const http = createHttpClient({ bodyIdleTimeoutMs: 2_000 });
  const { accessKeyId, accessKeySecret } = SCENARIO_ACCOUNT;
  const account = accountSchema.parse({
    ...{ provider: 'aliyun', region: 'cn-hangzhou', endpoints: { sls: cloud.url } },
    credentials: {
      ...{ type: 'access_key', accessKeyId },
      accessKeySecret: more.accessKeySecret ?? accessKeySecret,
    },
  });
  let nonce = 0;
  const api = createAccountApi('prod', account, {
    http,
    nowMs: () => clock.nowMs(),
    nonce: () => String(nonce++),
    random: () => 0.5,
  });
  return {
    ...{ cloud, api, clock },
    close: async () => {
      await http.close();
      await cloud.close();
    },
  };
}

let streams = 0;

/** A stream of these logs, registered under a name of its own. */
export async function logStream(
  sink: Sink,
  api: CloudApi,
  settings: object = {},
): Promise<WindowStream> {
  streams += 1;
  const name = `errors-${process.pid}-${streams}`;
  const source = slsProjectLogs as WindowStream['source'];
  const ids = await sink.registerStreams([{ name, source: source.id, account: 'prod' }], 0);
  const from = 'query' in settings ? {} : { logstore: 'app_log' };
  return {
    ...{ streamId: ids.get(name) ?? '', name, account: 'prod', source, api },
    settings: source.streamSchema.parse({
      ...{ project: SCENARIO_PROJECT, start: '2026-11-23T11:50:00Z', window: '1m', ...from },
      ...{ settle: '0s', lookback: '2m', repeat: { wait: '100ms' }, ...settings },
    }),
    track: { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 3_600_000 },
  };
}

let runs = 0;

/** One walk at this time, tried again after every failure that may pass, as the queue would. */
export async function walkLogs(
  world: Pick<LogCloud, 'clock'> & { readonly sink: Sink; readonly stream: StreamRuntime },
  more: Pick<WalkRun, 'backfill'> & { readonly attempts?: number } = {},
): Promise<
  Exclude<WalkResult, { kind: 'paused' }> & { readonly log: ReturnType<typeof recordingLog> }
> {
  runs += 1;
  const runId = `run-${process.pid}-${runs}`;
  const of = more.attempts ?? 60;
  const log = recordingLog();
  const deps = walkDeps({ ...engineDeps(world.sink, { clock: world.clock, log }) });
  const { stream } = world;
  const part = more.backfill === undefined ? {} : { backfill: more.backfill };
  const never = new AbortController().signal;
  for (let number = 1; ; number += 1) {
    try {
      const run = { stream, runId, attempt: { number, of }, ...part };
      const result = await walkStream(deps, run, never);
      if (result.kind !== 'paused') return { ...result, log };
      world.clock.advance(Math.max(0, result.resumeAtMs - world.clock.nowMs()));
    } catch (error) {
      if (!(error instanceof SourceError) || number >= of) throw error;
    }
  }
}

/** Each row as one text, sorted: a multiset to compare. */
export function truthOf(rows: readonly Pick<LogRow, 'timeS' | 'fields'>[]): readonly string[] {
  return rows.map(({ timeS, fields }) => textOf({ __time__: String(timeS), ...fields })).sort();
}

export function textOf(content: object): string {
  return JSON.stringify(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));
}
