import { backoffMs } from '../domain/backoff.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { Clock, Log } from './ports.ts';

export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const triesMax = 4;
const bounds = { baseMs: 500, maxMs: 10_000 };

/**
 * Does something that asks the cloud once, and again after failures that may pass, with growing delays, four times at most.
 * `requests`: how often it was done.
 * @throws what the last try threw
 */
export async function retrying<T>(
  deps: RetryDeps,
  attempt: { readonly stream: string; readonly ask: () => Promise<T> },
  signal: AbortSignal,
): Promise<{ readonly result: T; readonly requests: number }> {
  for (let requests = 1; ; requests++) {
    try {
      return { result: await attempt.ask(), requests };
    } catch (error) {
      const again = error instanceof SourceError && error.kind === 'transient';
      if (!again || requests >= triesMax || signal.aborted) throw error;
      const delayMs = backoffMs(requests, bounds, deps.random());
      const reason = error.message;
      deps.log.warn(
        { event: 'request_retried', stream: attempt.stream, try: requests, delayMs, reason },
        'request retried',
      );
      await deps.clock.sleep(delayMs, signal);
    }
  }
}
