import { assertNever } from '../src/domain/assertNever.ts';
import { wantFiles } from '../src/engine/downloadJob.ts';
import { trackJob } from '../src/engine/trackJob.ts';
import { isJobStream, type EngineDeps } from '../src/engine/ports.ts';
import type { QueueProducer } from '../src/queue/backend.ts';
import type { Processor } from '../src/queue/processor.ts';
import type { Streams } from './streams.ts';

/** Asks one job's status, and again later until it is terminal, and then its file is queued; waiting spends no attempt. */
export function trackProcessor(
  deps: EngineDeps & { readonly queue: QueueProducer; readonly streams: Streams },
): Processor<'track'> {
  return async ({ data }, signal) => {
    const stream = deps.streams.named(data.stream);
    if (!isJobStream(stream)) throw new Error(`stream ${data.stream} has no jobs to track`);
    const job = { stream, entryKey: data.entryKey };
    const next = await trackJob(deps, job, signal);
    switch (next.kind) {
      case 'wait':
        return { kind: 'later', atMs: deps.clock.nowMs() + next.delayMs };
      case 'paused':
        return { kind: 'later', atMs: next.resumeAtMs };
      case 'settled':
        await deps.queue.addAll(
          'download',
          deps.streams.payloadsOf(await wantFiles(deps, stream, [data.entryKey])),
        );
        return { kind: 'done', note: { job: next.kind, status: next.status } };
      case 'gone':
        return { kind: 'done', note: { job: next.kind } };
      default:
        return assertNever(next);
    }
  };
}
