import { backoffMs } from '../domain/backoff.ts';
import type { StreamRuntime } from '../engine/ports.ts';
import type { WalkDeps } from '../engine/reading.ts';
import { isHopeless, walkStream, type WalkResult, type WalkRun } from '../engine/walkStream.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { Runtime } from '../runtime/openRuntime.ts';
import type { WalkCounts } from '../sinks/sink.ts';
import type { Progress } from './progress.ts';

/** What came of one stream; `--json` prints a list of these. Times in milliseconds. */
export interface SyncOutcome {
  readonly stream: string;
  readonly outcome: 'complete' | 'incomplete' | 'superseded' | 'failed';
  /** Why it is incomplete or failed. */
  readonly reason: string | null;
  readonly counts: WalkCounts | null;
  readonly durationMs: number;
}

/** A walk that a command waits for. */
interface ForegroundWalk extends Pick<WalkRun, 'backfill'> {
  readonly runtime: Runtime;
  readonly stream: StreamRuntime;
  readonly progress: Progress;
  /** Names the run; the same one again resumes its walk. */
  readonly runId: string;
}

const attemptsMax = 5;
const retryBounds = { baseMs: 1_000, maxMs: 30_000 };
/** Walks one stream to its end: waits out throttling, tries again after failures that may pass, from the checkpoint. */
export async function walkInForeground(
  walk: ForegroundWalk,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  const { runtime, stream, progress, runId, ...part } = walk;
  const { clock, random } = runtime.deps;
  const line = progress.line(stream.name);
  const startedAtMs = clock.nowMs();
  const deps: WalkDeps = {
    ...runtime.deps,
    // What is open is found in the store: engine/followJobs.ts, engine/loadFiles.ts.
    onOpenJobs: () => Promise.resolve(),
    onOpenFiles: () => Promise.resolve(),
    onProgress: ({ entries, inserted, totalReported, span }) => {
      if (span === undefined) {
        line.update({ done: entries, total: totalReported, note: `${inserted} new` });
      } else {
        const note = `s of time read, ${inserted} of ${entries} rows new`;
        line.update({ done: span.doneS, total: span.totalS, note });
      }
    },
  };
  const finish = (rest: Pick<SyncOutcome, 'outcome' | 'reason' | 'counts'>): SyncOutcome => {
    line.finish(noteOf(rest));
    return { stream: stream.name, ...rest, durationMs: clock.nowMs() - startedAtMs };
  };
  for (let number = 1; ;) {
    try {
      const run = { stream, runId, attempt: { number, of: attemptsMax }, ...part };
      const result = await walkStream(deps, run, signal);
      if (result.kind !== 'paused') return finish(outcomeOf(result));
      await clock.sleep(Math.max(0, result.resumeAtMs - clock.nowMs()), signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error;
      if (isHopeless(error) || number >= attemptsMax) {
        return finish({ outcome: 'failed', reason: error.message, counts: null });
      }
      await clock.sleep(backoffMs(number, retryBounds, random()), signal);
      number += 1;
    }
  }
}

function outcomeOf(
  result: Exclude<WalkResult, { kind: 'paused' }>,
): Pick<SyncOutcome, 'outcome' | 'reason' | 'counts'> {
  switch (result.kind) {
    case 'complete':
      return { outcome: 'complete', reason: null, counts: result.counts };
    case 'incomplete':
      return { outcome: 'incomplete', reason: result.reason, counts: result.counts };
    case 'superseded':
      return { outcome: 'superseded', reason: 'another walker took the stream over', counts: null };
  }
}

function noteOf({ outcome, counts }: Pick<SyncOutcome, 'outcome' | 'counts'>): string {
  return counts === null
    ? outcome
    : `${outcome}: ${counts.entriesSeen} entries, ${counts.inserted} new, ${counts.updated} changed`;
}
