/** No quota of the services here is counted over more than a minute; a longer wait is a mistake or a trap. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** Retry-After, in seconds or as a date, at most an hour. null when it says nothing, or a time that is over. */
export function retryAfterMsOf(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | null {
  const text = headers['retry-after'] ?? '';
  return boundedWaitMs(/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs);
}

/** A wait that was asked for, within its bound; null for none at all. */
export function boundedWaitMs(waitMs: number): number | null {
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_MS_MAX) : null;
}
