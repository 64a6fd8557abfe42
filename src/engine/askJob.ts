import type { JsonValue } from '../domain/json.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { EntryReading } from '../sources/source.ts';
import type { Clock, JobStream } from './ports.ts';

/** What the provider says of one job. */
export type JobAnswer =
  | { readonly kind: 'read'; readonly reading: EntryReading; readonly body: JsonValue }
  /** The provider does not know it any more, or its name belongs to a job created later. */
  | { readonly kind: 'gone' }
  /** The budget of the account and API is paused. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

/**
 * Asks the provider about one job, once.
 * @throws SourceError for every failure but throttling and a job that is gone
 */
export async function askJob(
  deps: { readonly clock: Pick<Clock, 'nowMs'> },
  job: { readonly stream: JobStream; readonly entryKey: string; readonly jobKey: string },
  signal: AbortSignal,
): Promise<JobAnswer> {
  const { stream, entryKey, jobKey } = job;
  const { tracking } = stream.source;
  try {
    const { body } = await stream.api.call(tracking.request(stream.settings, jobKey), signal);
    const reading = tracking.read(body, stream.settings);
    return isAnotherJob(reading, entryKey) ? { kind: 'gone' } : { kind: 'read', reading, body };
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

/** The name now belongs to a job created later: the one that was asked for has been deleted. An answer without a creation time says nothing. */
function isAnotherJob(reading: EntryReading, entryKey: string): boolean {
  if (reading.kind !== 'entry') return false;
  const { key, jobKey } = reading.entry;
  return key !== entryKey && key !== jobKey && entryKey !== jobKey;
}

/** The failure of an answer that is no job. */
export function unreadableJob(
  { stream, jobKey }: { readonly stream: JobStream; readonly jobKey: string },
  why: string,
): SourceError {
  const { api } = stream.source.tracking.request(stream.settings, jobKey);
  return new SourceError(
    'drift',
    `${api} for job ${jobKey} of stream ${stream.name} answered something that is not a job (${why})`,
    { detail: { api } },
  );
}
