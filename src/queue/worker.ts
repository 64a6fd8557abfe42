import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { z } from 'zod';
import { redact } from '../domain/redact.ts';
import { storableJson, storableText } from '../domain/storable.ts';
import { isHopeless } from '../engine/walkStream.ts';
import { SourceError } from '../providers/sourceError.ts';
import { openBullWorker } from './bull.ts';
import { specOf } from './catalog.ts';
import { messageOf } from './messageOf.ts';
import type { Job } from 'bullmq';
import type { Log } from '../engine/ports.ts';
import type { BullConnection, BullWorker } from './bull.ts';
import type { QueueName } from './catalog.ts';
import type { Processor, Settlement } from './processor.ts';

/** How long a worker may be silent. All in milliseconds. */
export interface WorkerTiming {
  /** A killed worker's job is taken over `lockDurationMs + stalledIntervalMs` later, at most. @default 30_000 */
  readonly lockDurationMs: number;
  /** @default 15_000 */
  readonly stalledIntervalMs: number;
}

/** A queue job is never failed for having been cut off: kills are the weather, and every walk resumes. */
const stalledCountMax = 1_000;

type AnyJob = Job<unknown, unknown>;

/** Opens the worker of one queue. It takes jobs once `run()` is called. */
export function openWorker<Name extends QueueName>(worker: {
  readonly name: Name;
  readonly connection: BullConnection;
  readonly process: Processor<Name>;
  readonly concurrency: number;
  readonly timing: WorkerTiming;
  readonly log: Log;
  readonly onError: (error: Error) => void;
}): BullWorker {
  const { name, connection, process, concurrency, timing, log, onError } = worker;
  const opened = openBullWorker(connection, {
    name,
    // BullMQ hands out a signal only to functions that declare three parameters.
    process: (job, token, signal) => runJob({ name, process, job, token }, signal),
    options: {
      concurrency,
      lockDuration: timing.lockDurationMs,
      stalledInterval: timing.stalledIntervalMs,
      maxStalledCount: stalledCountMax,
    },
  });
  opened.on('error', onError);
  opened.on('stalled', (jobId) => {
    log.warn({ event: 'queue_job_stalled', queue: name, jobId }, 'queue job taken over');
  });
  opened.on('failed', (job, error) => {
    logFailure(log, { name, job, error });
  });
  return opened;
}

async function runJob<Name extends QueueName>(
  run: {
    readonly name: Name;
    readonly process: Processor<Name>;
    readonly job: AnyJob;
    readonly token: string | undefined;
  },
  signal: AbortSignal = new AbortController().signal,
): Promise<unknown> {
  const { name, process, job, token } = run;
  const data = specOf(name).schema.safeParse(job.data);
  if (!data.success) {
    throw new UnrecoverableError(
      `refused a ${name} job with a wrong payload: ${z.prettifyError(data.error)}`,
    );
  }
  const attempt = { number: job.attemptsMade + 1, of: job.opts.attempts ?? 1 };
  let settled: Settlement;
  try {
    settled = await process({ data: data.data, attempt }, signal);
  } catch (error) {
    if (!signal.aborted) throw failureOf(error);
    await job.moveToWait(token);
    throw new WaitingError();
  }
  if (settled.kind === 'done') return storableJson(settled.note);
  await job.moveToDelayed(settled.atMs, token);
  throw new DelayedError();
}

/** The error as the queue stores it: no secrets, and no NUL or lone surrogate, which would jam the job on PostgreSQL. */
function failureOf(error: unknown): Error {
  const message = storable(messageOf(error));
  const failure =
    error instanceof SourceError && isHopeless(error)
      ? new UnrecoverableError(message)
      : new Error(message, { cause: error });
  if (error instanceof Error && error.stack !== undefined) failure.stack = storable(error.stack);
  return failure;
}

function storable(text: string): string {
  return storableText(redact(text));
}

function logFailure(
  log: Log,
  failed: {
    readonly name: QueueName;
    readonly job: AnyJob | undefined;
    readonly error: Error;
  },
): void {
  const { name, job, error } = failed;
  const of = job?.opts.attempts ?? 1;
  const facts = {
    queue: name,
    jobId: job?.id,
    attempt: job?.attemptsMade,
    of,
    error: error.message,
  };
  const last = error instanceof UnrecoverableError || (job?.attemptsMade ?? of) >= of;
  if (last) log.error({ event: 'queue_job_failed', ...facts }, 'queue job failed');
  else log.warn({ event: 'queue_job_retried', ...facts }, 'queue job will be tried again');
}
