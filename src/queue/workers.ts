import { openWorker } from './worker.ts';
import { within } from './within.ts';
import type { Log } from '../engine/ports.ts';
import type { BullConnection, BullWorker } from './bull.ts';
import type { QueueName } from './catalog.ts';
import type { Processors } from './processor.ts';
import type { WorkerTiming } from './worker.ts';

export interface WorkerOptions extends Partial<WorkerTiming> {
  /** Queue jobs at a time, in this process. @default walk 4, track 8, download 2, export 2, maintain 1 */
  readonly concurrency?: Partial<Readonly<Record<QueueName, number>>>;
}

export interface RunningWorkers {
  /**
   * Takes no new jobs, lets running ones finish for `graceMs`, then cancels them: they go back to the queue with no attempt spent.
   * A job that does not stop when cancelled is left behind after 5 s more, and taken over by another worker when its lock ends;
   * so are all jobs, at once, when the queue server is away.
   */
  close(graceMs: number): Promise<void>;
}

const cancelTimeoutMs = 5_000;

/** Starts one worker per queue. */
export function startWorkers(
  context: {
    readonly connection: BullConnection;
    readonly processors: Processors;
    readonly log: Log;
    readonly onError: (error: Error) => void;
    /** @throws when the queue server does not answer within 2 s */
    readonly ping: () => Promise<void>;
  },
  options: WorkerOptions,
): RunningWorkers {
  const { connection, processors, log, onError, ping } = context;
  const { concurrency = {}, lockDurationMs = 30_000, stalledIntervalMs = 15_000 } = options;
  const common = { connection, log, onError, timing: { lockDurationMs, stalledIntervalMs } };
  const workers: readonly BullWorker[] = [
    openWorker({
      ...common,
      name: 'walk',
      process: processors.walk,
      concurrency: concurrency.walk ?? 4,
    }),
    openWorker({
      ...common,
      name: 'track',
      process: processors.track,
      concurrency: concurrency.track ?? 8,
    }),
    openWorker({
      ...common,
      name: 'download',
      process: processors.download,
      // Each holds a file on disk, and keeps the database busy by itself.
      concurrency: concurrency.download ?? 2,
    }),
    openWorker({
      ...common,
      name: 'export',
      process: processors.export,
      concurrency: concurrency.export ?? 2,
    }),
    openWorker({
      ...common,
      name: 'maintain',
      process: processors.maintain,
      concurrency: concurrency.maintain ?? 1,
    }),
  ];
  for (const worker of workers) void worker.run().catch(onError);
  return { close: (graceMs) => closeWorkers(workers, { graceMs, log, ping }) };
}

async function closeWorkers(
  workers: readonly BullWorker[],
  options: {
    readonly graceMs: number;
    readonly log: Log;
    readonly ping: () => Promise<void>;
  },
): Promise<void> {
  const { graceMs, log } = options;
  if (!(await answers(options.ping))) {
    await cutOff(workers, log);
    return;
  }
  const closed = Promise.allSettled(workers.map((worker) => worker.close()));
  if ((await within(closed, graceMs)) !== 'late') return;
  log.warn({ event: 'jobs_returned', graceMs }, 'running queue jobs go back to the queue');
  for (const worker of workers) worker.cancelAllJobs('shutdown');
  if ((await within(closed, cancelTimeoutMs)) !== 'late') return;
  log.error({ event: 'jobs_left', cancelTimeoutMs }, 'running queue jobs did not stop');
}

/** A polite close waits for a server that is away, for ever (BullMQ 6.7, Redis); nothing could be returned to it anyway. */
async function cutOff(workers: readonly BullWorker[], log: Log): Promise<void> {
  log.warn(
    { event: 'jobs_left' },
    'the queue server is away: running queue jobs are taken over later',
  );
  for (const worker of workers) worker.cancelAllJobs('shutdown');
  const cut = Promise.allSettled(workers.map((worker) => worker.close(true)));
  await within(cut, cancelTimeoutMs);
}

async function answers(ping: () => Promise<void>): Promise<boolean> {
  try {
    await ping();
    return true;
  } catch {
    return false; // Whether it does is the whole question.
  }
}
