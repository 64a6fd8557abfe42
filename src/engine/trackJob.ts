import { nextPoll } from '../domain/pollTiming.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { EntryReading } from '../sources/source.ts';
import type { StoredJob } from '../sinks/sink.ts';
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

  const answer = await ask(deps, job, stored, signal);
  if (answer.kind === 'paused') return answer;
  if (answer.kind === 'gone' || isAnotherJob(answer.reading, entryKey)) {
    await deps.sink.markVanished({ ...where, nowMs: deps.clock.nowMs() });
    deps.log.info(
      { event: 'job_vanished', stream: stream.name, job: stored.jobKey, status: stored.status },
      'job is gone at the provider',
    );
    return { kind: 'gone' };
  }
  if (answer.reading.kind === 'rejected') throw unreadable(job, stored, answer.reading);

  const { entry, drift } = answer.reading;
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

type Answer =
  | { readonly kind: 'read'; readonly reading: EntryReading }
  | { readonly kind: 'gone' }
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

async function ask(
  deps: EngineDeps,
  { stream }: Tracked,
  stored: StoredJob,
  signal: AbortSignal,
): Promise<Answer> {
  const { tracking } = stream.source;
  try {
    const request = tracking.request(stream.settings, stored.jobKey);
    const { body } = await stream.api.call(request, signal);
    return { kind: 'read', reading: tracking.read(body, stream.settings) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.kind === 'throttled') {
      const resumeAtMs = deps.clock.nowMs() + (error.detail.retryAfterMs ?? 1_000);
      return { kind: 'paused', resumeAtMs };
    }
    const { status, code } = error.detail;
    if (error.kind === 'rejected' && tracking.isGone({ status, code })) return { kind: 'gone' };
    throw error;
  }
}

/** The name now belongs to a job created later: the one that was followed has been deleted. An answer without a creation time says nothing. */
function isAnotherJob(reading: EntryReading, entryKey: string): boolean {
  if (reading.kind !== 'entry') return false;
  const { key, jobKey } = reading.entry;
  return key !== entryKey && key !== jobKey && entryKey !== jobKey;
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

function unreadable(
  { stream }: Tracked,
  stored: StoredJob,
  reading: EntryReading & { kind: 'rejected' },
): SourceError {
  const { api } = stream.source.tracking.request(stream.settings, stored.jobKey);
  return new SourceError(
    'drift',
    `${api} for job ${stored.jobKey} of stream ${stream.name} answered something that is not a job (${reading.entry.reason})`,
    { detail: { api } },
  );
}
