/** What is known of a job that is still running. Times in epoch milliseconds. */
export interface JobProgress {
  /** 0..100, or null when the provider does not say. */
  readonly progressPercent: number | null;
  /** When the job was first seen. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

/** Bounds of polling, all in milliseconds; `pollMinMs` <= `pollMaxMs`. */
export interface PollBounds {
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  readonly deadlineMs: number;
}

export interface NextPoll {
  readonly delayMs: number;
  /** The job has been running for longer than `deadlineMs`. */
  readonly overdue: boolean;
}

/**
 * When to ask a running job again: after a quarter of the time it still needs if it goes on as it went, within the
 * bounds. Without progress: after a tenth of its age. An overdue job is asked at the slowest pace.
 */
export function nextPoll(job: JobProgress, bounds: PollBounds): NextPoll {
  const elapsedMs = Math.max(0, job.nowMs - job.sinceMs);
  if (elapsedMs > bounds.deadlineMs) return { delayMs: bounds.pollMaxMs, overdue: true };
  const percent = job.progressPercent;
  const wishMs =
    percent !== null && percent > 0
      ? (elapsedMs * Math.max(0, 100 - percent)) / percent / 4
      : elapsedMs / 10;
  const delayMs = Math.min(bounds.pollMaxMs, Math.max(bounds.pollMinMs, Math.round(wishMs)));
  return { delayMs, overdue: false };
}
