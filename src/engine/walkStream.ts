import { SourceError } from '../providers/sourceError.ts';
import { offsetWalkStart, type OffsetWalkState } from '../domain/offsetWalk.ts';
import type { JsonValue } from '../domain/json.ts';
import type { OpenJob, WalkCounts, WalkEnding, WalkRef } from '../sinks/sink.ts';
import { offsetPages, type WalkedPage } from './offsetPages.ts';
import { oneAhead } from './oneAhead.ts';
import type { EngineDeps, StreamRuntime } from './ports.ts';

/** `attempt.number` counts from 1; when it reaches `attempt.of`, a failure ends the walk as failed. */
export interface WalkRun {
  readonly stream: StreamRuntime;
  /** Names the run: the same one again resumes its walk from the checkpoint. */
  readonly runId: string;
  readonly attempt: { readonly number: number; readonly of: number };
}

export type WalkResult =
  | { readonly kind: 'complete'; readonly counts: WalkCounts }
  | { readonly kind: 'incomplete'; readonly reason: string; readonly counts: WalkCounts }
  /** Another walker has taken the stream, or this run has ended before. */
  | { readonly kind: 'superseded' }
  /** The budget of the account and API is paused: go on then, from the checkpoint. Not a failure. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

export interface WalkProgress {
  readonly stream: string;
  /** Entries handed to the sink in this run. */
  readonly entries: number;
  readonly inserted: number;
  readonly totalReported: number | null;
}

export interface WalkDeps extends EngineDeps {
  /** Told of the jobs that have to be tracked, after their page is stored. */
  readonly onOpenJobs: (jobs: readonly OpenJob[]) => Promise<void>;
  readonly onProgress?: (progress: WalkProgress) => void;
}

/**
 * Walks one listing to its end: every page stored with its checkpoint in one transaction, while the next one is fetched.
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
    nowMs: deps.clock.nowMs(),
  });
  if (begun.kind === 'ended') return { kind: 'superseded' };
  const state = checkpointOf(begun.state);
  const writer = pageWriter(deps, stream, begun.walk);
  try {
    const pages = (stop: AbortSignal) => offsetPages(deps, { stream, state }, stop);
    for await (const page of oneAhead(pages, signal)) {
      if ((await writer.write(page)) === 'moved') return superseded(deps, stream, writer.walk());
      if (page.end === null) continue;
      if ((await writer.drain()) === 'moved') return superseded(deps, stream, writer.walk());
      return await endWalk(deps, stream, writer.walk(), page.end.incomplete);
    }
    throw new Error(`the pages of stream ${stream.name} ended without an end`);
  } catch (error) {
    // What is still being written belongs to the walk: its checkpoint is where the next attempt goes on.
    await writer.drain().catch(() => undefined);
    if (signal.aborted) throw error;
    return await receiveFailure(deps, run, writer.walk(), error);
  }
}

/**
 * Writes pages in their order. While one is being written, the next one is hashed and waits for its turn, and the one after
 * is fetched: three pages are held at most. With one less, cloud and database wait for each other in turn (measured: 15,000
 * rows/s instead of 20,000).
 */
interface PageWriter {
  /** Hands a page to the sink, and waits until the one before is stored. */
  write(page: WalkedPage): Promise<'stored' | 'moved'>;
  /** Waits for the last page. */
  drain(): Promise<'stored' | 'moved'>;
  /** The walk as of the last page that is stored. */
  walk(): WalkRef;
}

/**
 * A page is handed to the sink under the version that the page before will leave behind. When that one is not stored, the
 * version never comes and neither is this one: the fence against other walkers keeps the order too.
 */
function pageWriter(deps: WalkDeps, stream: StreamRuntime, begun: WalkRef): PageWriter {
  let walk = begun;
  let ahead = begun;
  let entries = 0;
  let inserted = 0;
  let writing: (() => Promise<'stored' | 'moved'>) | null = null;

  async function drain(): Promise<'stored' | 'moved'> {
    const finish = writing;
    writing = null;
    return finish === null ? 'stored' : finish();
  }

  return {
    write: async (page) => {
      const append = deps.sink.appendJobs(pageFor(stream, ahead, page, deps.clock.nowMs()));
      // Its failure is met by `finish`; until then it is nobody's unhandled rejection.
      append.catch(() => undefined);
      ahead = { ...ahead, version: ahead.version + 1 };
      const finish = async (): Promise<'stored' | 'moved'> => {
        const stored = await append;
        if (stored.kind === 'moved') return 'moved';
        walk = stored.walk;
        entries += page.entries.length;
        inserted += stored.inserted;
        const { updated, duplicates } = stored;
        deps.log.debug(
          {
            ...{ event: 'page_stored', stream: stream.name, walkId: walk.walkId },
            ...{ inserted: stored.inserted, updated, duplicates },
          },
          'page stored',
        );
        const { totalReported } = page;
        deps.onProgress?.({ stream: stream.name, entries, inserted, totalReported });
        await announceOpen(deps, stream, stored.open);
        return 'stored';
      };
      const before = await drain();
      writing = finish;
      return before;
    },
    drain,
    walk: () => walk,
  };
}

async function endWalk(
  deps: WalkDeps,
  stream: StreamRuntime,
  walk: WalkRef,
  reason: string | null,
): Promise<WalkResult> {
  const ending: WalkEnding =
    reason === null ? { outcome: 'complete' } : { outcome: 'incomplete', reason };
  const nowMs = deps.clock.nowMs();
  const table = stream.source.table;
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
  const table = stream.source.table;
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

/** A queue that is down does not fail a walk: what Postgres says is open is queued again within a minute. */
async function announceOpen(
  deps: WalkDeps,
  stream: StreamRuntime,
  open: readonly OpenJob[],
): Promise<void> {
  if (open.length === 0) return;
  try {
    await deps.onOpenJobs(open);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn(
      { event: 'track_not_queued', stream: stream.name, jobs: open.length, reason },
      'jobs not queued for tracking; the next requeue does it',
    );
  }
}

function pageFor(stream: StreamRuntime, walk: WalkRef, page: WalkedPage, nowMs: number) {
  return {
    walk,
    table: stream.source.table,
    terminal: stream.source.tracking.terminal,
    entries: page.entries,
    rejected: page.rejected,
    drift: page.drift,
    requests: page.requests,
    restarts: page.restarts,
    totalReported: page.totalReported,
    askedAtMs: page.askedAtMs,
    state: { ...page.state, lastPage: { ...page.state.lastPage } },
    nowMs,
  };
}

/** A checkpoint of an older version of LogFerry lacks fields: its walk starts again, which loses nothing. */
function checkpointOf(stored: JsonValue | null): OffsetWalkState | null {
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored)) return null;
  const complete = Object.keys(offsetWalkStart).every((field) => Object.hasOwn(stored, field));
  return complete ? (stored as unknown as OffsetWalkState) : null;
}
