import type { OpenJob } from '../sinks/sink.ts';
import { isJobStream, type EngineDeps, type StreamRuntime } from './ports.ts';

const batchMax = 500;

/**
 * Queues every job that Postgres says is unfinished. The queue drops those it already holds, so that running this often
 * costs little and a lost queue heals (P5).
 */
export async function requeueUnfinished(
  deps: Pick<EngineDeps, 'sink'>,
  streams: readonly StreamRuntime[],
  enqueueTrack: (jobs: readonly OpenJob[]) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly open: number }> {
  let open = 0;
  for (const stream of streams.filter(isJobStream)) {
    let afterId = '0';
    for (;;) {
      signal.throwIfAborted();
      const jobs = await deps.sink.openJobs({
        table: stream.source.table,
        streamId: stream.streamId,
        afterId,
        limit: batchMax,
      });
      if (jobs.length > 0) await enqueueTrack(jobs);
      open += jobs.length;
      const last = jobs.at(-1);
      if (last === undefined || jobs.length < batchMax) break;
      afterId = last.id;
    }
  }
  return { open };
}
