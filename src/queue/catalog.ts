import { createHash } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { storableText } from '../domain/storable.ts';

/** The queues. A name added here needs a spec below and a processor in workers/, or nothing compiles. */
export const QUEUE_NAMES = ['walk', 'track', 'download', 'export', 'maintain'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

interface QueueSpec<Schema extends z.ZodType> {
  /** Strict: a payload with a missing, wrong or unknown key is refused. */
  readonly schema: Schema;
  /** Tries of one queue job. Waiting, pausing and shutting down spend none. */
  readonly attempts: number;
  /** Before try n + 1: a random delay within the upper half of `delay * 2^(n-1)` milliseconds. */
  readonly backoffMs: number;
  /** The same id is added once, for as long as its queue job is kept. */
  readonly jobId: (data: z.infer<Schema>) => string;
  /** While an unfinished queue job holds this id, adding another does nothing. null: `jobId` alone decides. */
  readonly deduplicationId: ((data: z.infer<Schema>) => string) | null;
  /** How long a completed queue job is kept. 0: not at all. */
  readonly keepCompletedSeconds: number;
}

const slot = z.int().nonnegative();
const hourSeconds = 3_600;
const weekSeconds = 7 * 24 * hourSeconds;
/** Lines of stack kept per failed try; the message says the rest. */
const stackTraceLimit = 3;

/**
 * What each queue carries. The one table that producers, workers, dashboard and metrics read.
 *
 * A walk is deduplicated twice: its id is the stream and the tick's slot, so that any number of schedulers ticking the same slot
 * make one walk even after it has finished; its deduplication id is the stream, so that a tick during a running walk adds nothing.
 * A track has one queue job per job of the cloud: re-queueing all open jobs adds only what is missing. It leaves when it completes,
 * so that a job which opens again can be tracked again. A download is queued in the same way, one for each file.
 * An export is deduplicated like a walk: one queue job brings all orders of a stream up to date.
 */
export const catalog = {
  walk: spec({
    schema: z.strictObject({ stream: z.string().min(1), runId: z.uuid(), slot }),
    attempts: 5,
    backoffMs: 5_000,
    jobId: ({ stream, slot: tick }) => `walk-${idPart(stream)}-${tick}`,
    deduplicationId: ({ stream }) => `walk-${idPart(stream)}`,
    keepCompletedSeconds: hourSeconds,
  }),
  track: spec({
    schema: z.strictObject({ stream: z.string().min(1), entryKey: z.string().min(1) }),
    attempts: 5,
    backoffMs: 5_000,
    jobId: ({ stream, entryKey }) => `track-${idPart(stream)}-${digest(entryKey)}`,
    deduplicationId: null,
    keepCompletedSeconds: 0,
  }),
  download: spec({
    schema: z.strictObject({ stream: z.string().min(1), entryKey: z.string().min(1) }),
    attempts: 5,
    backoffMs: 10_000,
    jobId: ({ stream, entryKey }) => `download-${idPart(stream)}-${digest(entryKey)}`,
    deduplicationId: null,
    keepCompletedSeconds: 0,
  }),
  export: spec({
    schema: z.strictObject({ stream: z.string().min(1), slot }),
    attempts: 5,
    backoffMs: 5_000,
    jobId: ({ stream, slot: tick }) => `export-${idPart(stream)}-${tick}`,
    deduplicationId: ({ stream }) => `export-${idPart(stream)}`,
    keepCompletedSeconds: hourSeconds,
  }),
  maintain: spec({
    schema: z.strictObject({ slot }),
    attempts: 2,
    backoffMs: 2_000,
    jobId: ({ slot: tick }) => `maintain-${tick}`,
    deduplicationId: () => 'maintain',
    keepCompletedSeconds: hourSeconds,
  }),
} as const satisfies Record<QueueName, QueueSpec<z.ZodType>>;

/** The payload of a queue's jobs. */
export type JobData<Name extends QueueName> = z.infer<(typeof catalog)[Name]['schema']>;

/**
 * How a payload is added to its queue.
 *
 * Retention is by age only: `{count}` deadlocks completions on the PostgreSQL backend (measured, BullMQ 6.7, concurrency >= 5).
 */
export function jobOptions<Name extends QueueName>(name: Name, data: JobData<Name>): JobsOptions {
  const { attempts, backoffMs, jobId, deduplicationId, keepCompletedSeconds } = specOf(name);
  return {
    jobId: jobId(data),
    attempts,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
    removeOnComplete: keepCompletedSeconds === 0 ? true : { age: keepCompletedSeconds },
    removeOnFail: { age: weekSeconds },
    stackTraceLimit,
    ...(deduplicationId === null ? {} : { deduplication: { id: deduplicationId(data) } }),
  };
}

/** The spec of one queue, typed by its name. */
export function specOf<Name extends QueueName>(name: Name): QueueSpec<z.ZodType<JobData<Name>>> {
  const specs: { readonly [N in QueueName]: QueueSpec<z.ZodType<JobData<N>>> } = catalog;
  return specs[name];
}

/** Infers the payload type from the schema, so that ids are computed from the right fields or nothing compiles. */
function spec<Schema extends z.ZodType>(queue: QueueSpec<Schema>): QueueSpec<Schema> {
  return queue;
}

/** Readable on the dashboard, and free of the `:` that BullMQ refuses in ids. */
function idPart(name: string): string {
  return encodeURIComponent(storableText(name));
}

/** Entry keys hold anything, at any length. 128 bits: no collision is expected below 10^15 jobs. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}
