import { assertNever } from '../src/domain/assertNever.ts';
import { orderScheduled, type ScheduledExport } from '../src/engine/orderScheduled.ts';
import { isOrderStream, type EngineDeps } from '../src/engine/ports.ts';
import type { QueueProducer } from '../src/queue/backend.ts';
import type { Processor } from '../src/queue/processor.ts';
import type { Streams } from './streams.ts';

/** Brings the orders of a stream up to date, and queues the tracking of their jobs. A paused budget delays it, no attempt spent. */
export function exportProcessor(
  deps: EngineDeps & {
    readonly queue: QueueProducer;
    readonly streams: Streams;
    readonly exports: readonly ScheduledExport[];
  },
): Processor<'export'> {
  const { queue, streams } = deps;
  return async ({ data }, signal) => {
    const stream = streams.named(data.stream);
    if (!isOrderStream(stream)) throw new Error(`stream ${data.stream} takes no orders`);
    const exports = deps.exports.filter((one) => one.stream === stream.name);
    const outcome = await orderScheduled(
      { ...deps, onOpenJobs: (jobs) => queue.addAll('track', streams.payloadsOf(jobs)) },
      { stream, exports },
      signal,
    );
    switch (outcome.kind) {
      case 'paused':
        return { kind: 'later', atMs: outcome.resumeAtMs };
      case 'done':
        return { kind: 'done', note: { ordered: outcome.ordered, refused: outcome.refused } };
      default:
        return assertNever(outcome);
    }
  };
}
