import { backoffMs } from '../domain/backoff.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { StoredOrder } from '../sinks/sink.ts';
import { orderExport } from './orderExport.ts';
import type { EngineDeps, OrderStream } from './ports.ts';
import { trackJob } from './trackJob.ts';
import { isHopeless } from './walkStream.ts';

const failuresMax = 5;
const retryBounds = { baseMs: 1_000, maxMs: 30_000 };
const unseenPollMs = 2_000;

/**
 * Orders what is stored as an order, and follows its job until it is settled, gone or refused. Failures that may pass are tried again;
 * throttling is waited out.
 * @param work.isNew see orderExport
 * @param work.until `ordered`: ends when the service has taken it
 * @returns the order as it is stored then
 * @throws SourceError when it cannot go on; SinkError
 */
export async function followOrder(
  deps: EngineDeps,
  work: {
    readonly stream: OrderStream;
    readonly order: StoredOrder;
    readonly isNew: boolean;
    readonly until: 'ordered' | 'settled';
    readonly onProgress: (order: StoredOrder) => void;
  },
  signal: AbortSignal,
): Promise<StoredOrder> {
  const { stream, until } = work;
  const orderDeps = { ...deps, onOpenJobs: () => Promise.resolve() };
  let { order, isNew } = work;
  for (let failures = 0; ;) {
    try {
      const delayMs = await step();
      order = (await deps.sink.readOrder(order)) ?? order;
      work.onProgress(order);
      if (delayMs === null) return order;
      failures = 0;
      await deps.clock.sleep(delayMs, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error;
      failures += 1;
      if (isHopeless(error) || failures >= failuresMax) throw error;
      await deps.clock.sleep(backoffMs(failures, retryBounds, deps.random()), signal);
    }
  }

  /** @returns how long to wait before the next one; null when there is nothing to wait for */
  async function step(): Promise<number | null> {
    if (order.job === null) {
      const asked = { stream, order, isNew };
      // Asked once, the service may have it.
      isNew = false;
      const outcome = await orderExport(orderDeps, asked, signal);
      if (outcome.kind === 'paused') return untilMs(outcome.resumeAtMs);
      if (outcome.kind === 'refused' || until === 'ordered') return null;
      return outcome.job === null ? unseenPollMs : 0;
    }
    if (until === 'ordered') return null;
    const { entryKey } = order.job;
    const next = await trackJob(deps, { stream, entryKey }, signal);
    switch (next.kind) {
      case 'wait':
        return next.delayMs;
      case 'paused':
        return untilMs(next.resumeAtMs);
      case 'settled':
      case 'gone':
        return null;
    }
  }

  function untilMs(timeMs: number): number {
    return Math.max(0, timeMs - deps.clock.nowMs());
  }
}
