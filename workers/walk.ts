import { assertNever } from '../src/domain/assertNever.ts';
import { walkStream } from '../src/engine/walkStream.ts';
import type { EngineDeps } from '../src/engine/ports.ts';
import type { QueueProducer } from '../src/queue/backend.ts';
import type { Processor } from '../src/queue/processor.ts';
import type { Streams } from './streams.ts';

/** Walks a stream once, and queues the tracking and loading of what it finds open. A paused budget delays the walk, no attempt spent. */
export function walkProcessor(
  deps: EngineDeps & { readonly queue: QueueProducer; readonly streams: Streams },
): Processor<'walk'> {
  const { queue, streams } = deps;
  return async ({ data, attempt }, signal) => {
    const run = { stream: streams.named(data.stream), runId: data.runId, attempt };
    const walk = await walkStream(
      {
        ...deps,
        onOpenJobs: (jobs) => queue.addAll('track', streams.payloadsOf(jobs)),
        onOpenFiles: (files) => queue.addAll('download', streams.payloadsOf(files)),
      },
      run,
      signal,
    );
    switch (walk.kind) {
      case 'paused':
        return { kind: 'later', atMs: walk.resumeAtMs };
      case 'complete':
        return { kind: 'done', note: { walk: walk.kind, ...walk.counts } };
      case 'incomplete':
        return { kind: 'done', note: { walk: walk.kind, reason: walk.reason, ...walk.counts } };
      case 'superseded':
        return { kind: 'done', note: { walk: walk.kind } };
      default:
        return assertNever(walk);
    }
  };
}
