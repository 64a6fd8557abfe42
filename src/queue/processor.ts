import type { JobData, QueueName } from './catalog.ts';

/** A queue job as its processor sees it: the payload has passed the catalog's schema. */
interface QueueJob<Name extends QueueName> {
  readonly data: JobData<Name>;
  /** `number` is 1 for the first try. Waiting and shutting down spend no try. */
  readonly attempt: { readonly number: number; readonly of: number };
}

/** What becomes of a queue job that did not fail. */
export type Settlement =
  /** Completed. `note` is shown on the dashboard: short, no secrets. */
  | {
      readonly kind: 'done';
      readonly note: Readonly<Record<string, string | number | boolean | null>>;
    }
  /** Goes on at `atMs` (epoch milliseconds), as the same queue job, with no attempt spent. */
  | { readonly kind: 'later'; readonly atMs: number };

/**
 * Runs one queue job. Must stop soon after the signal fires (shutdown); whatever it throws then sends the job back to the queue
 * unspent. Must be idempotent: a killed worker's job runs again.
 * @throws to fail the attempt; a SourceError that is hopeless (rejected, credentials) fails the job at once, and the next tick tries
 * again: by then the engine has ended its walk as failed, so that a second attempt of the same run would find nothing to do
 */
export type Processor<Name extends QueueName> = (
  job: QueueJob<Name>,
  signal: AbortSignal,
) => Promise<Settlement>;

/** One processor for every queue: a queue without one does not compile. */
export type Processors = { readonly [Name in QueueName]: Processor<Name> };
