import { setTimeout as sleep } from 'node:timers/promises';

/** Answers the promise's value, or 'late' once `timeoutMs` have passed; the promise then goes on unwatched, its failure unheard. */
export async function within<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
): Promise<Value | 'late'> {
  const timer = new AbortController();
  promise.catch(() => undefined);
  try {
    return await Promise.race([
      promise,
      sleep(timeoutMs, 'late' as const, { signal: timer.signal }),
    ]);
  } finally {
    timer.abort();
  }
}
