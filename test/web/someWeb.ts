import { startWeb } from '../../src/web/server.ts';
import { recordingLog } from '../queue/recordingLog.ts';
import type { StreamStatus } from '../../src/sinks/sink.ts';
import type { WebOptions, WebServer } from '../../src/web/server.ts';

export const nowMs = Date.UTC(2026, 10, 23, 3, 12, 45);

export const exportsStatus: StreamStatus = {
  streamId: '1',
  name: 'exports',
  source: 'aliyun.sls.download_jobs',
  account: 'prod',
  highWaterAtMs: nowMs - 61_000,
  lastCompleteWalkAtMs: nowMs - 60_000,
  lastWalk: {
    outcome: 'complete',
    startedAtMs: nowMs - 61_000,
    finishedAtMs: nowMs - 60_000,
    incompleteReason: null,
    error: null,
  },
  entries: 12_345,
  openJobs: 7,
  rejected: 0,
  walks: { complete: 41, incomplete: 1 },
  pages: 130,
  entriesSeen: 50_000,
  repeats: 0,
  files: { loaded: 1_204, incomplete: 2 },
  fileRows: 987_654,
};

/** A sink as an operator's page asks it. */
export function someSink(
  statuses: readonly StreamStatus[],
  beatMs: number | null = nowMs - 12_000,
): WebOptions['sink'] {
  return {
    streamStatuses: () => Promise.resolve(statuses),
    partitionStates: () => Promise.resolve(new Map()),
    requestCounts: () =>
      Promise.resolve([
        { account: 'prod', api: 'ListDownloadJobs', status: '200', outcome: 'ok', count: 90 },
        { account: 'prod', api: 'ListDownloadJobs', status: '403', outcome: 'throttled', count: 3 },
        { account: 'prod', api: 'ListDownloadJobs', status: '429', outcome: 'throttled', count: 2 },
      ]),
    lastBeatMs: () => Promise.resolve(beatMs),
    ping: () => Promise.resolve(),
  };
}

export function startSomeWeb(
  queue: WebOptions['queue'],
  changes: Partial<WebOptions> = {},
): Promise<WebServer> {
  return startWeb({
    host: '127.0.0.1',
    port: 0,
    username: 'ops',
    password: null,
    queue,
    sink: someSink([exportsStatus]),
    tables: new Map(),
    tickAgeMaxMs: 180_000,
    clock: { nowMs: () => nowMs },
    log: recordingLog(),
    ...changes,
  });
}
