import { assertNever } from '../domain/assertNever.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { WalkCounts, WalkEnding, WalkRef } from '../sinks/sink.ts';
import { isJobStream, type StreamRuntime } from './ports.ts';
import type { BegunWalk, Reading, ReadingEnd, WalkDeps } from './reading.ts';
import { readArchives } from './readArchives.ts';
import { readJobs } from './readJobs.ts';
import { readOwnedLists } from './readOwnedLists.ts';
import { readWindows, type BackfillRange } from './readWindows.ts';

/** `attempt.number` counts from 1; when it reaches `attempt.of`, a failure ends the walk as failed. */
export interface WalkRun {
  readonly stream: StreamRuntime;
  /** Names the run: the same one again resumes its walk from the checkpoint. */
  readonly runId: string;
  readonly attempt: { readonly number: number; readonly of: number };
  /** Only for a stream read by windows of time: this range, beside the live walk, which goes on untouched. */
  readonly backfill?: BackfillRange;
}

export type WalkResult =
  | { readonly kind: 'complete'; readonly counts: WalkCounts }
  | { readonly kind: 'incomplete'; readonly reason: string; readonly counts: WalkCounts }
  /** Another walker has taken the stream, or this run has ended before. */
  | { readonly kind: 'superseded' }
  /** The budget of the account and API is paused: go on then, from the checkpoint. Not a failure. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

/**
 * Walks one listing to its end: claims the stream, reads it in the way of its source, and ends the walk as proven or not.
 * @throws SourceError or SinkError when the walk cannot go on; what is stored stays, the same run resumes behind it
 */
export async function walkStream(
  deps: WalkDeps,
  run: WalkRun,
  signal: AbortSignal,
): Promise<WalkResult> {
  const { stream, runId } = run;
  const begun = await deps.sink.beginWalk({
    streamId: stream.streamId,
    runId,
    partition: run.backfill === undefined ? '' : backfillName(run.backfill),
    nowMs: deps.clock.nowMs(),
  });
  if (begun.kind === 'ended') return { kind: 'superseded' };
  const reading = readingOf(deps, run, begun);
  try {
    const end = await reading.read(signal);
    if (end === 'moved') return superseded(deps, stream, reading.walk());
    return await endWalk(deps, stream, reading.walk(), end);
  } catch (error) {
    if (signal.aborted) throw error;
    return await receiveFailure(deps, run, reading.walk(), error);
  }
}

/** How each kind of source is read. */
function readingOf(deps: WalkDeps, { stream, backfill }: WalkRun, begun: BegunWalk): Reading {
  const { source } = stream;
  switch (source.kind) {
    case 'jobs':
      return readJobs(deps, { ...stream, source }, begun);
    case 'owned_lists':
      return readOwnedLists(deps, { ...stream, source }, begun);
    case 'archives':
      return readArchives(deps, { ...stream, source }, begun);
    case 'windows':
      return readWindows(deps, { ...stream, source }, { begun, range: backfill ?? null });
    default:
      return assertNever(source);
  }
}

/** The part of the stream that a backfill walks: a walk of its own, with a position of its own. */
function backfillName({ fromMs, toMs }: BackfillRange): string {
  return `backfill ${new Date(fromMs).toISOString()}/${new Date(toMs).toISOString()}`;
}

async function endWalk(
  deps: WalkDeps,
  stream: StreamRuntime,
  walk: WalkRef,
  end: ReadingEnd,
): Promise<WalkResult> {
  const { incomplete: reason, ...mark } = end;
  const ending: WalkEnding =
    reason === null ? { outcome: 'complete', ...mark } : { outcome: 'incomplete', reason };
  const nowMs = deps.clock.nowMs();
  const table = isJobStream(stream) ? stream.source.table : null;
  const ended = await deps.sink.endWalk({ walk, table, ending, nowMs });
  if (ended.kind === 'moved') return superseded(deps, stream, walk);
  const facts = {
    event: 'walk_finished',
    stream: stream.name,
    walkId: walk.walkId,
    outcome: ending.outcome,
    ...ended.counts,
    vanished: ended.vanished,
    durationMs: nowMs - walk.startedAtMs,
  };
  if (reason === null) {
    deps.log.info(facts, 'walk finished');
    return { kind: 'complete', counts: ended.counts };
  }
  deps.log.warn({ ...facts, incompleteReason: reason }, 'walk finished without proof');
  return { kind: 'incomplete', reason, counts: ended.counts };
}

/** A throttled walk waits; any other failure is noted on the walk and goes up to the queue, which counts attempts. */
async function receiveFailure(
  deps: WalkDeps,
  run: WalkRun,
  walk: WalkRef,
  error: unknown,
): Promise<WalkResult> {
  const { stream, attempt } = run;
  const nowMs = deps.clock.nowMs();
  if (error instanceof SourceError && error.kind === 'throttled') {
    const resumeAtMs = nowMs + (error.detail.retryAfterMs ?? 1_000);
    deps.log.info(
      { event: 'walk_paused', stream: stream.name, walkId: walk.walkId, resumeAtMs },
      'walk paused by the rate budget',
    );
    return { kind: 'paused', resumeAtMs };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hopeless = error instanceof SourceError && isHopeless(error);
  const table = isJobStream(stream) ? stream.source.table : null;
  try {
    if (hopeless || attempt.number >= attempt.of) {
      const ending: WalkEnding = { outcome: 'failed', error: message };
      await deps.sink.endWalk({ walk, table, ending, nowMs });
    } else {
      await deps.sink.noteWalkError({ walk, error: message });
    }
  } catch (noteError) {
    const both = [error, noteError];
    const options = { cause: noteError };
    throw new AggregateError(both, `${message}; the failure could not be noted either`, options);
  }
  throw error;
}

/** True for a refusal that no retry of the same request will change: a human has to act first. */
export function isHopeless(error: SourceError): boolean {
  return error.kind === 'rejected' || error.kind === 'credentials';
}

function superseded(deps: WalkDeps, stream: StreamRuntime, walk: WalkRef): WalkResult {
  deps.log.info(
    { event: 'walk_superseded', stream: stream.name, walkId: walk.walkId },
    'walk left to another walker',
  );
  return { kind: 'superseded' };
}
