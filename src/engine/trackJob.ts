import { nextPoll } from '../domain/pollTiming.ts';
import type { StoredJob } from '../sinks/sink.ts';
import { askJob, unreadableJob } from './askJob.ts';
import type { EngineDeps, JobStream } from './ports.ts';

export type TrackDecision =
  /** Still running: ask again then. */
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'settled'; readonly status: string }
  /** Nothing left to follow: the provider does not know the job any more, or nobody stored it. */
  | { readonly kind: 'gone' }
  /** The budget of the account and API is paused. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

interface Tracked {
  readonly stream: JobStream;
  readonly entryKey: string;
}

/**
 * Asks one job's status once, stores what was seen, and says when to ask again. Safe to run twice at once: whoever writes
 * second finds the status moved and writes nothing.
 * @throws SourceError or SinkError; the queue tries again
 */
export async function trackJob(
  deps: EngineDeps,
  job: Tracked,
  signal: AbortSignal,
): Promise<TrackDecision> {
  const { stream, entryKey } = job;
  const { table, tracking } = stream.source;
  const where = { table, streamId: stream.streamId, entryKey };
  const stored = await deps.sink.readJob(where);
  if (stored === null || stored.vanishedAtMs !== null) return { kind: 'gone' };
  if (stored.settledAtMs !== null) return { kind: 'settled', status: stored.status };

  const asked = { stream, entryKey, jobKey: stored.jobKey };
  const answer = await askJob(deps, asked, signal);
  if (answer.kind === 'paused') return answer;
  if (answer.kind === 'gone') {
    await deps.sink.markVanished({ ...where, nowMs: deps.clock.nowMs() });
    deps.log.info(
      { event: 'job_vanished', stream: stream.name, job: stored.jobKey, status: stored.status },
      'job is gone at the provider',
    );
    return { kind: 'gone' };
  }
  const { reading } = answer;
  if (reading.kind === 'rejected') throw unreadableJob(asked, reading.entry.reason);

  const { entry, drift } = reading;
  const nowMs = deps.clock.nowMs();
  const recorded = await deps.sink.recordJob({
    ...where,
    terminal: tracking.terminal,
    expectedStatus: stored.status,
    entry: { ...entry, key: entryKey },
    drift,
    nowMs,
  });
  if (recorded.kind === 'absent') return { kind: 'gone' };
  if (recorded.kind === 'recorded' && recorded.from !== recorded.status) {
    deps.log.info(
      {
        event: 'job_status_changed',
        stream: stream.name,
        job: stored.jobKey,
        from: recorded.from,
        to: recorded.status,
        progressPercent: entry.progressPercent,
      },
      'job status changed',
    );
  }
  if (tracking.terminal.has(recorded.status)) return { kind: 'settled', status: recorded.status };
  return waitFor(deps, stream, stored, entry.progressPercent);
}

function waitFor(
  deps: EngineDeps,
  stream: JobStream,
  stored: StoredJob,
  progressPercent: number | null,
): TrackDecision {
  const nowMs = deps.clock.nowMs();
  const next = nextPoll({ progressPercent, sinceMs: stored.firstSeenAtMs, nowMs }, stream.track);
  if (next.overdue) {
    deps.log.warn(
      {
        event: 'job_overdue',
        stream: stream.name,
        job: stored.jobKey,
        status: stored.status,
        ageMs: nowMs - stored.firstSeenAtMs,
        deadlineMs: stream.track.deadlineMs,
      },
      'job is past its deadline; polling on slowly',
    );
  }
  return { kind: 'wait', delayMs: next.delayMs };
}
