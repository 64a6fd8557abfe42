import { requeueUnfinished } from '../src/engine/requeueUnfinished.ts';
import { keepRetention } from '../src/engine/keepRetention.ts';
import type { EngineDeps } from '../src/engine/ports.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import type { Processor } from '../src/queue/processor.ts';
import type { Streams } from './streams.ts';

/** How long a track that has failed rests in the failed set before it is tried anew. */
const failedTrackRestMs = 10 * 60_000;

/** Queues what Postgres says is unfinished, so that a lost queue heals; tries failed tracks anew; keeps months and retention. */
export function maintainProcessor(
  deps: Pick<EngineDeps, 'sink' | 'clock' | 'log'> & {
    readonly queue: Pick<QueueBackend, 'addAll' | 'retryFailedTracks'>;
    readonly streams: Streams;
  },
): Processor<'maintain'> {
  const { sink, clock, queue, streams } = deps;
  return async (_job, signal) => {
    const enqueue: Parameters<typeof requeueUnfinished>[2] = (jobs) =>
      queue.addAll('track', streams.tracksOf(jobs));
    const { open } = await requeueUnfinished({ sink }, streams.all, enqueue, signal);
    const retried = await queue.retryFailedTracks({
      failedBeforeMs: clock.nowMs() - failedTrackRestMs,
      where: ({ stream }) => streams.has(stream),
    });
    const { dropped, deleted } = await keepRetention(deps, streams.all);
    return { kind: 'done', note: { open, retried, dropped, deleted } };
  };
}
