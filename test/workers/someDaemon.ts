import { fileEngine } from '../../src/files/fileEngine.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMemorySink } from '../../src/sinks/memory.ts';
import { createSlots } from '../../src/domain/slots.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { countedTables, sources } from '../../src/sources/registry.ts';
import { noDownloads } from '../support/noDownloads.ts';
import { runDaemon } from '../../workers/main.ts';
import { recordingLog } from '../queue/recordingLog.ts';
import { fakeCloud } from './fakeCloud.ts';
import type { Clock, StreamRuntime } from '../../src/engine/ports.ts';
import type { QueueBackend, QueueLocation } from '../../src/queue/backend.ts';
import type { Sink, StreamStatus } from '../../src/sinks/sink.ts';
import type { DaemonOptions, Role } from '../../workers/main.ts';
import type { FakeCloud } from './fakeCloud.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (delayMs, signal) => {
    await sleep(delayMs, undefined, { signal });
  },
};

/** One stream `exports` of a cloud in memory, and the daemons that serve it. */
export interface SomeInstallation {
  readonly cloud: FakeCloud;
  readonly sink: Sink;
  readonly log: ReturnType<typeof recordingLog>;
  status(): Promise<StreamStatus>;
  start(
    changes?: Partial<Pick<DaemonOptions, 'schedules' | 'shutdownGraceMs'>>,
    roles?: readonly Role[],
  ): Promise<RunningDaemon>;
}

interface RunningDaemon {
  readonly queue: QueueBackend;
  readonly webUrl: string | null;
  stop(): Promise<void>;
}

/** Every second, so that a test need not wait. */
const everySecond: ReadonlyMap<string, string> = new Map([['exports', '* * * * * *']]);
/** Once a year: only upkeep ticks. */
export const hardlyEver: ReadonlyMap<string, string> = new Map([['exports', '0 0 29 2 *']]);

export async function installSome(location: QueueLocation): Promise<SomeInstallation> {
  const sink = openMemorySink();
  const cloud = fakeCloud();
  const log = recordingLog();
  const [source] = sources;
  if (source === undefined) throw new Error('there is no source');
  const identity = { name: 'exports', source: source.id, account: 'prod' };
  const ids = await sink.registerStreams([identity], Date.now());
  const stream: StreamRuntime = {
    streamId: ids.get('exports') ?? '',
    name: 'exports',
    account: 'prod',
    source,
    settings: source.streamSchema.parse({ project: 'big-game', pageSize: 10 }),
    track: { pollMinMs: 200, pollMaxMs: 400, deadlineMs: 60_000 },
    api: cloud,
  };
  const tables = countedTables();

  return {
    cloud,
    sink,
    log,
    status: async () => {
      const [status] = await sink.streamStatuses({ tables });
      if (status === undefined) throw new Error('the stream is not registered');
      return status;
    },
    start: async (changes = {}, roles = ['scheduler', 'worker']) => {
      const queue = await openQueueBackend({ location, log });
      const stop = new AbortController();
      let ended: Promise<void> = Promise.resolve();
      const started = await new Promise<{ webUrl: string | null }>((resolve, reject) => {
        const options: DaemonOptions = {
          roles: new Set(roles),
          deps: {
            sink,
            files: fileEngine,
            downloads: noDownloads,
            clock,
            random: Math.random,
            log,
            inSlots: createSlots(),
          },
          queue,
          streams: [stream],
          schedules: everySecond,
          requeueEveryMs: 1_000,
          web: { host: '127.0.0.1', port: 0, username: 'ops', password: null },
          workers: { lockDurationMs: 2_000, stalledIntervalMs: 1_000 },
          onStarted: resolve,
          ...changes,
        };
        ended = runDaemon(options, stop.signal);
        ended.catch(reject);
      });
      return {
        queue,
        webUrl: started.webUrl,
        stop: async () => {
          stop.abort();
          await ended;
        },
      };
    },
  };
}
