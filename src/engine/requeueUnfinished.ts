import type { OpenDownload, OpenJob } from '../sinks/sink.ts';
import { isFileStream, isJobStream, type EngineDeps, type StreamRuntime } from './ports.ts';

const batchMax = 500;

/** Where unfinished work is queued. */
export interface UnfinishedQueues {
  readonly tracks: (jobs: readonly OpenJob[]) => Promise<void>;
  readonly downloads: (files: readonly OpenDownload[]) => Promise<void>;
}

/**
 * Queues every job and every file that Postgres says is unfinished. The queue drops those it already holds, so that running this
 * often costs little and a lost queue heals (P5).
 */
export async function requeueUnfinished(
  { sink }: Pick<EngineDeps, 'sink'>,
  streams: readonly StreamRuntime[],
  queues: UnfinishedQueues,
  signal: AbortSignal,
): Promise<{ readonly jobs: number; readonly files: number }> {
  let [jobs, files] = [0, 0];
  for (const { streamId, source } of streams.filter(isJobStream)) {
    const { table } = source;
    const page = (afterId: string) => sink.openJobs({ table, streamId, afterId, limit: batchMax });
    jobs += await inBatches(page, queues.tracks, signal);
  }
  for (const { streamId } of streams.filter(isFileStream)) {
    const page = (afterId: string) => sink.openDownloads({ streamId, afterId, limit: batchMax });
    files += await inBatches(page, queues.downloads, signal);
  }
  return { jobs, files };
}

async function inBatches<Open extends { readonly id: string }>(
  page: (afterId: string) => Promise<readonly Open[]>,
  enqueue: (open: readonly Open[]) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let [count, afterId] = [0, '0'];
  for (;;) {
    signal.throwIfAborted();
    const open = await page(afterId);
    if (open.length > 0) await enqueue(open);
    count += open.length;
    const last = open.at(-1);
    if (last === undefined || open.length < batchMax) return count;
    afterId = last.id;
  }
}
