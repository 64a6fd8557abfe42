import { backoffMs } from '../domain/backoff.ts';
import { SourceError } from '../providers/sourceError.ts';
import { wantFiles } from './downloadJob.ts';
import { isJobStream, type EngineDeps, type JobStream, type StreamRuntime } from './ports.ts';
import { requeueUnfinished } from './requeueUnfinished.ts';
import { trackJob, type TrackDecision } from './trackJob.ts';

export interface FollowProgress {
  /** Jobs that were open when following began. */
  readonly jobs: number;
  /** Of these, how many are terminal or gone by now. */
  readonly done: number;
}

export interface Followed extends FollowProgress {
  /** Jobs whose status could not be asked, with the last reason. */
  readonly failed: readonly { readonly job: string; readonly reason: string }[];
}

interface Due {
  readonly stream: JobStream;
  readonly entryKey: string;
  readonly dueAtMs: number;
  readonly failures: number;
}

const atOnceMax = 8;
const failuresMax = 5;
const retryBounds = { baseMs: 1_000, maxMs: 30_000 };

/**
 * Follows every open job of these streams in this process until each is terminal or gone. Jobs whose status cannot be
 * asked five times in a row are given up here, and stay open in the store.
 */
export async function followJobs(
  deps: EngineDeps,
  streams: readonly StreamRuntime[],
  onProgress: (progress: FollowProgress) => void,
  signal: AbortSignal,
): Promise<Followed> {
  const byId = new Map(streams.filter(isJobStream).map((stream) => [stream.streamId, stream]));
  let due: readonly Due[] = [];
  await requeueUnfinished(
    deps,
    streams,
    {
      tracks: async (jobs) => {
        const found = jobs.flatMap(({ streamId, entryKey }) => {
          const stream = byId.get(streamId);
          return stream === undefined ? [] : [{ stream, entryKey, dueAtMs: 0, failures: 0 }];
        });
        due = [...due, ...found];
      },
      // Loaded after the jobs were followed: engine/loadFiles.ts.
      downloads: () => Promise.resolve(),
    },
    signal,
  );
  const jobs = due.length;
  const failed: { job: string; reason: string }[] = [];
  while (due.length > 0) {
    onProgress({ jobs, done: jobs - due.length - failed.length });
    const nowMs = deps.clock.nowMs();
    const ready = due.filter((job) => job.dueAtMs <= nowMs).slice(0, atOnceMax);
    if (ready.length === 0) {
      const nextMs = Math.min(...due.map((job) => job.dueAtMs));
      await deps.clock.sleep(Math.max(1, nextMs - nowMs), signal);
      continue;
    }
    const rest = due.filter((job) => !ready.includes(job));
    const asked = await Promise.all(ready.map((job) => askOnce(deps, job, signal)));
    const again = asked.flatMap((answer) => (answer.kind === 'again' ? [answer.job] : []));
    failed.push(...asked.flatMap((answer) => (answer.kind === 'failed' ? [answer] : [])));
    due = [...rest, ...again];
  }
  onProgress({ jobs, done: jobs - failed.length });
  return { jobs, done: jobs - failed.length, failed };
}

type Asked =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly job: Due }
  | { readonly kind: 'failed'; readonly job: string; readonly reason: string };

async function askOnce(deps: EngineDeps, job: Due, signal: AbortSignal): Promise<Asked> {
  try {
    const decision = await trackJob(deps, job, signal);
    if (decision.kind === 'settled') await wantFiles(deps, job.stream, [job.entryKey]);
    const dueAtMs = dueOf(decision, deps.clock.nowMs());
    if (dueAtMs === null) return { kind: 'done' };
    return { kind: 'again', job: { ...job, dueAtMs, failures: 0 } };
  } catch (error) {
    if (signal.aborted || !(error instanceof SourceError)) throw error;
    const failures = job.failures + 1;
    if (failures >= failuresMax || error.kind === 'rejected' || error.kind === 'credentials') {
      return { kind: 'failed', job: job.entryKey, reason: error.message };
    }
    const delayMs = backoffMs(failures, retryBounds, deps.random());
    return { kind: 'again', job: { ...job, failures, dueAtMs: deps.clock.nowMs() + delayMs } };
  }
}

function dueOf(decision: TrackDecision, nowMs: number): number | null {
  switch (decision.kind) {
    case 'wait':
      return nowMs + decision.delayMs;
    case 'paused':
      return decision.resumeAtMs;
    case 'settled':
    case 'gone':
      return null;
  }
}
