import { backoffMs } from '../domain/backoff.ts';
import { SourceError } from '../providers/sourceError.ts';
import {
  decisionOf,
  downloadJob,
  type DownloadDecision,
  type DownloadWork,
} from './downloadJob.ts';
import { inParallel } from './inParallel.ts';
import { isFileStream, type EngineDeps, type StreamRuntime } from './ports.ts';
import { requeueUnfinished } from './requeueUnfinished.ts';
import { isHopeless } from './walkStream.ts';

export interface LoadFilesProgress {
  /** Files that were to be loaded. */
  readonly files: number;
  /** Of these, how many are loaded, incomplete or failed by now. */
  readonly done: number;
  /** Rows stored in this run. */
  readonly rows: number;
}

/** A file that is not loaded whole, and why. */
export interface UnloadedFile {
  readonly file: string;
  readonly kind: 'incomplete' | 'failed' | 'given_up';
  readonly reason: string;
}

export interface LoadedFiles extends LoadFilesProgress {
  readonly unloaded: readonly UnloadedFile[];
}

const atOnceMax = 2;
const triesMax = 5;
const retryBounds = { baseMs: 1_000, maxMs: 30_000 };

/**
 * Loads every file of these streams that waits, in this process. A file that cannot be fetched five times in a row is given up
 * here, and stays open in the store.
 */
export async function loadFiles(
  deps: EngineDeps,
  streams: readonly StreamRuntime[],
  onProgress: (progress: LoadFilesProgress) => void,
  signal: AbortSignal,
): Promise<LoadedFiles> {
  const waiting: DownloadWork[] = [];
  const byId = new Map(streams.filter(isFileStream).map((stream) => [stream.streamId, stream]));
  await requeueUnfinished(
    deps,
    streams,
    {
      tracks: () => Promise.resolve(),
      downloads: async (files) => {
        for (const { streamId, entryKey } of files) {
          const stream = byId.get(streamId);
          if (stream !== undefined) waiting.push({ stream, entryKey });
        }
      },
    },
    signal,
  );
  const files = waiting.length;
  const unloaded: UnloadedFile[] = [];
  const rowsOf = new Map<DownloadWork, number>();
  let done = 0;
  const now = (): LoadFilesProgress => {
    const rows = [...rowsOf.values()].reduce((sum, count) => sum + count, 0);
    return { files, done, rows };
  };
  const load = async (work: DownloadWork, stopped: AbortSignal): Promise<void> => {
    const onRows: DownloadWork['onProgress'] = (event) => {
      if (event.phase === 'load') rowsOf.set(work, event.rows);
      onProgress(now());
    };
    const decision = await loadInForeground(deps, { ...work, onProgress: onRows }, stopped);
    if (decision.kind !== 'loaded' && decision.kind !== 'gone') {
      const { kind, reason } = decision;
      unloaded.push({ file: work.entryKey, kind, reason });
    }
    done += 1;
    onProgress(now());
  };
  onProgress(now());
  await inParallel(waiting, { atOnceMax, work: load }, signal);
  return { ...now(), unloaded };
}

/**
 * How often a file that another process loads is looked at, and after how long without a record more it is taken over. Nothing shows
 * how far a fetch is: the wait doubles with each time, or two processes would take a large file from each other for ever.
 */
const lookEveryMs = 1_000;
const standsStillMs = 90_000;

/**
 * Loads one file to its end: waits out pauses, tries again after failures that may pass. Where another process (the daemon) has
 * taken the file over, its work is waited for.
 */
export async function loadInForeground(
  deps: EngineDeps,
  work: DownloadWork,
  signal: AbortSignal,
): Promise<
  | Exclude<DownloadDecision, { kind: 'paused' | 'moved' }>
  | { readonly kind: 'given_up'; readonly reason: string }
> {
  let patienceMs = standsStillMs;
  for (let tries = 1; ;) {
    try {
      const decision = await downloadJob(deps, work, signal);
      if (decision.kind === 'moved') {
        const other = await waitForOther(deps, { ...work, patienceMs }, signal);
        if (other !== 'stands_still') return other;
        patienceMs *= 2;
        continue;
      }
      if (decision.kind !== 'paused') return decision;
      await deps.clock.sleep(Math.max(0, decision.resumeAtMs - deps.clock.nowMs()), signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error;
      if (isHopeless(error) || tries >= triesMax)
        return { kind: 'given_up', reason: error.message };
      await deps.clock.sleep(backoffMs(tries, retryBounds, deps.random()), signal);
      tries += 1;
    }
  }
}

/** Follows the loading of a file in another process to its end, as long as it gets on. */
async function waitForOther(
  { sink, clock }: EngineDeps,
  { stream, entryKey, onProgress, patienceMs }: DownloadWork & { readonly patienceMs: number },
  signal: AbortSignal,
): Promise<Extract<DownloadDecision, { rows: number } | { kind: 'gone' }> | 'stands_still'> {
  let [records, sinceMs] = [-1, clock.nowMs()];
  for (;;) {
    const file = await sink.readDownload({ streamId: stream.streamId, entryKey });
    if (file === null) return { kind: 'gone' };
    if (file.status !== 'waiting' && file.status !== 'loading') return decisionOf(file);
    if (file.records > records) [records, sinceMs] = [file.records, clock.nowMs()];
    if (clock.nowMs() - sinceMs >= patienceMs) return 'stands_still';
    onProgress?.({ phase: 'load', rows: file.rows, rowsTotal: null });
    await clock.sleep(lookEveryMs, signal);
  }
}
