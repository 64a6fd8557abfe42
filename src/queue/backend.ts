import { openBullQueue } from './bull.ts';
import { catalog, jobOptions, QUEUE_NAMES } from './catalog.ts';
import { openPostgres } from './postgresConnection.ts';
import { openRedis } from './redisConnection.ts';
import { watchOutages } from './outage.ts';
import { messageOf } from './messageOf.ts';
import { QueueError } from './queueError.ts';
import { within } from './within.ts';
import { startWorkers } from './workers.ts';
import type { JobType } from 'bullmq';
import type { Log } from '../engine/ports.ts';
import type { BullQueue } from './bull.ts';
import type { JobData, QueueName } from './catalog.ts';
import type { QueueConnection } from './connection.ts';
import type { Processors } from './processor.ts';
import type { RunningWorkers, WorkerOptions } from './workers.ts';

/** Where the queue lives: Redis, or the sink's own database. Same code, same guarantees. */
export type QueueLocation =
  | { readonly kind: 'redis'; readonly url: string; readonly prefix?: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** The queues that hold one queue job for each job of the cloud. */
type JobQueueName = 'track' | 'download';

/** Adds payloads. Both wait at most 10 s. */
export interface QueueProducer {
  /**
   * Adds one queue job, unless its job id or deduplication id says that it is there.
   * @throws QueueError `unavailable` when the server does not take it
   */
  add<Name extends QueueName>(name: Name, data: JobData<Name>): Promise<void>;
  /** The same for many, in batches; for queues without a deduplication id. */
  addAll(name: JobQueueName, data: readonly JobData<JobQueueName>[]): Promise<void>;
}

export interface QueueBackend extends QueueProducer {
  readonly kind: 'redis' | 'postgres';
  /** Which server, without credentials. */
  readonly server: string;
  /** For the dashboard and its counts; add through `add`. */
  readonly queues: { readonly [Name in QueueName]: BullQueue };
  /**
   * Tries failed queue jobs anew that failed before `failedBeforeMs` and that `where` keeps, oldest first, at most 1,000.
   * Without it a job that failed for a while (no permission) would stay untracked until its failure is forgotten, a week later.
   */
  retryFailed(
    name: JobQueueName,
    retry: {
      readonly failedBeforeMs: number;
      readonly where: (data: JobData<JobQueueName>) => boolean;
    },
  ): Promise<number>;
  startWorkers(processors: Processors, options?: WorkerOptions): RunningWorkers;
  /** Queue jobs by state. */
  counts(name: QueueName): Promise<Readonly<Record<string, number>>>;
  /** @throws QueueError `unavailable` when the server does not answer within 2 s */
  ping(): Promise<void>;
  /** Within a few seconds, also while the server is away. Close the workers first. May be called twice. */
  close(): Promise<void>;
}

const addTimeoutMs = 10_000;
const pingTimeoutMs = 2_000;
const closeTimeoutMs = 2_000;
const batchSize = 500;
const retriedFailuresMax = 1_000;

/**
 * Opens the queues, with their server proven to answer.
 * @throws QueueError within about 10 s when the address, the password or the server is wrong: one line that says what to do
 */
export async function openQueueBackend(options: {
  readonly location: QueueLocation;
  readonly log: Log;
}): Promise<QueueBackend> {
  const { location, log } = options;
  const connection = await openConnection(location);
  for (const warning of connection.warnings) {
    log.warn({ event: 'queue_warning', server: connection.server, warning }, 'queue warning');
  }
  return backendOn(connection, log);
}

function openConnection(location: QueueLocation): Promise<QueueConnection> {
  return location.kind === 'redis'
    ? openRedis({ url: location.url, prefix: location.prefix ?? 'logferry' })
    : openPostgres({ url: location.url });
}

function backendOn(connection: QueueConnection, log: Log): QueueBackend {
  const { server, kind } = connection;
  const outage = watchOutages({ log, server, probe: () => connection.ping() });
  connection.onError(outage.report);
  const queues = openQueues(connection, outage.report);

  const bounded = async <Value>(work: () => Promise<Value>, what: string): Promise<Value> => {
    // Redis would keep the command until the server is back; a tick must not wait that long.
    if (outage.isOut()) throw unavailable(`${what}: ${server} does not answer`);
    const value = await within(work(), addTimeoutMs).catch((cause: unknown) => {
      throw unavailable(`${what}: ${server} answered ${messageOf(cause)}`, cause);
    });
    if (value === 'late') throw unavailable(`${what}: no answer from ${server} in 10 s`);
    return value;
  };
  const ping = async (): Promise<void> => {
    const answer = await within(connection.ping(), pingTimeoutMs).catch((cause: unknown) => {
      throw unavailable(`the queue server ${server} failed: ${messageOf(cause)}`, cause);
    });
    if (answer === 'late') throw unavailable(`no answer from the queue server ${server} in 2 s`);
  };
  let closing: Promise<void> | undefined;

  return {
    kind,
    server,
    queues,
    add: (name, data) =>
      bounded(() => addOnce(queues[name], name, data), `cannot add to queue ${name}`),
    addAll: async (name, data) => {
      for (let from = 0; from < data.length; from += batchSize) {
        const batch = data.slice(from, from + batchSize);
        await bounded(
          () =>
            queues[name].addBulk(
              batch.map((one) => ({ name, data: one, opts: jobOptions(name, one) })),
            ),
          `cannot add to queue ${name}`,
        );
      }
    },
    retryFailed: (name, retry) =>
      bounded(() => retryFailed(queues, name, retry), `cannot retry failed jobs of queue ${name}`),
    startWorkers: (processors, workers = {}) =>
      startWorkers(
        { connection: connection.bull, processors, log, onError: outage.report, ping },
        workers,
      ),
    counts: (name) => bounded(() => countsOf(queues[name]), `cannot count queue ${name}`),
    ping,
    close: () => (closing ??= closeAll({ connection, queues, stop: outage.stop })),
  };
}

function openQueues(
  connection: QueueConnection,
  onError: (error: Error) => void,
): QueueBackend['queues'] {
  const open = (name: QueueName): BullQueue => {
    const queue = openBullQueue(connection.bull, name);
    queue.on('error', onError);
    return queue;
  };
  return {
    walk: open('walk'),
    track: open('track'),
    download: open('download'),
    export: open('export'),
    maintain: open('maintain'),
  };
}

/**
 * Adds one job, and frees a deduplication id that a finished job holds.
 *
 * On PostgreSQL (BullMQ 6.7) adding a job id that is already completed takes the deduplication id all the same, and since that job
 * never finishes again, every later add is dropped: a stream whose second scheduler ticks late would never be walked again.
 */
async function addOnce<Name extends QueueName>(
  queue: BullQueue,
  name: Name,
  data: JobData<Name>,
): Promise<void> {
  const opts = jobOptions(name, data);
  const added = await queue.add(name, data, opts);
  if (opts.deduplication === undefined || added.id === undefined) return;
  const state = await queue.getJobState(added.id);
  if (state !== 'completed' && state !== 'failed') return;
  const freed = await added.removeDeduplicationKey(); // Only while this finished job still holds it.
  if (freed && added.id !== opts.jobId) await queue.add(name, data, opts);
}

async function retryFailed(
  queues: QueueBackend['queues'],
  name: JobQueueName,
  retry: Parameters<QueueBackend['retryFailed']>[1],
): Promise<number> {
  let retried = 0;
  for (const job of await queues[name].getJobs(['failed'], 0, retriedFailuresMax - 1, true)) {
    const { finishedOn = 0 } = job;
    const data = catalog[name].schema.safeParse(job.data);
    if (finishedOn >= retry.failedBeforeMs || !data.success || !retry.where(data.data)) continue;
    await job.retry('failed', { resetAttemptsMade: true });
    retried += 1;
  }
  return retried;
}

const states = ['waiting', 'paused', 'active', 'delayed', 'completed', 'failed'];

/** `paused` is asked by name, though BullMQ's types leave it out: PostgreSQL counts a paused queue's jobs nowhere else. */
function countsOf(queue: BullQueue): Promise<Record<string, number>> {
  return queue.getJobCounts(...(states as JobType[]));
}

async function closeAll(open: {
  readonly connection: QueueConnection;
  readonly queues: QueueBackend['queues'];
  readonly stop: () => void;
}): Promise<void> {
  open.stop();
  await Promise.all(QUEUE_NAMES.map((name) => within(open.queues[name].close(), closeTimeoutMs)));
  await open.connection.close();
}

function unavailable(message: string, cause?: unknown): QueueError {
  return new QueueError('unavailable', message, cause === undefined ? {} : { cause });
}
