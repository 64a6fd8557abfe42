import { hasOrders, type ScheduledExport } from '../src/engine/orderScheduled.ts';
import { requeueUnfinished, type UnfinishedQueues } from '../src/engine/requeueUnfinished.ts';
import { keepRetention } from '../src/engine/keepRetention.ts';
import { isOrderStream, type EngineDeps } from '../src/engine/ports.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import type { Processor } from '../src/queue/processor.ts';
import { retryFailed } from './retryFailed.ts';
import type { Streams } from './streams.ts';

/** How long what has failed rests in the failed set before it is tried anew. */
const failedRestMs = 10 * 60_000;

/** Queues what Postgres says is unfinished, and the orders of exports, so that a lost queue heals; tries failed tracks and downloads anew; keeps months and retention. */
export function maintainProcessor(
  deps: Pick<EngineDeps, 'sink' | 'clock' | 'log'> & {
    readonly queue: Pick<QueueBackend, 'add' | 'addAll' | 'retryFailed'>;
    readonly streams: Streams;
    readonly exports: readonly ScheduledExport[];
  },
): Processor<'maintain'> {
  const { sink, clock, queue, streams, exports } = deps;
  return async ({ data }, signal) => {
    const queues: UnfinishedQueues = {
      tracks: (jobs) => queue.addAll('track', streams.payloadsOf(jobs)),
      downloads: (files) => queue.addAll('download', streams.payloadsOf(files)),
    };
    const { jobs, files } = await requeueUnfinished({ sink }, streams.all, queues, signal);
    const retried = await retryFailed({ queue, streams }, clock.nowMs() - failedRestMs);
    for (const stream of streams.all.filter(isOrderStream)) {
      const own = exports.filter((one) => one.stream === stream.name);
      if (!(await hasOrders({ sink }, { stream, exports: own }))) continue;
      await queue.add('export', { stream: stream.name, slot: data.slot });
    }
    const { dropped, deleted } = await keepRetention(deps, streams.all);
    return { kind: 'done', note: { jobs, files, retried, dropped, deleted } };
  };
}
