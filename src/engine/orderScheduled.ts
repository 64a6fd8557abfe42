import { scheduledName } from '../domain/exportName.ts';
import { markedDescription, type ExportSpec } from '../domain/exportOrder.ts';
import { planExport, type SlotOrder } from '../domain/exportPlan.ts';
import type { TimeRange, WindowSchedule } from '../domain/exportWindows.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { StoredOrder } from '../sinks/sink.ts';
import { orderExport, type OrderDeps } from './orderExport.ts';
import type { OrderStream } from './ports.ts';

/** An export that is ordered for one window of time after another. */
export interface ScheduledExport {
  /** A key of `exports`. */
  readonly name: string;
  /** The name of the stream through which it is ordered, followed and loaded. */
  readonly stream: string;
  readonly spec: Omit<ExportSpec, 'fromMs' | 'toMs'>;
  readonly windows: WindowSchedule;
  /** How often a range is ordered again that failed. */
  readonly retries: number;
  /** How many orders may be under way at a time. */
  readonly parallel: number;
}

export type ScheduledOutcome =
  | { readonly kind: 'done'; readonly ordered: number; readonly refused: number }
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

interface OrderedStream {
  readonly stream: OrderStream;
  /** Those of this stream. */
  readonly exports: readonly ScheduledExport[];
}

const batchMax = 200;

/**
 * Brings the orders of a stream up to date: those of which nobody knows whether the service has them are asked for again, failed ones
 * are ordered anew, and every window that is due is ordered once. Safe to run twice at once.
 * @throws the first SourceError that was met, after everything else was tried; SinkError
 */
export async function orderScheduled(
  deps: OrderDeps,
  { stream, exports }: OrderedStream,
  signal: AbortSignal,
): Promise<ScheduledOutcome> {
  const counts = { ordered: 0, refused: 0 };
  const failures: SourceError[] = [];
  /** @returns when the budget allows the next order; null at once */
  const ask = async (order: StoredOrder, isNew: boolean): Promise<number | null> => {
    try {
      const outcome = await orderExport(deps, { stream, order, isNew }, signal);
      if (outcome.kind === 'paused') return outcome.resumeAtMs;
      counts[outcome.kind] += 1;
    } catch (error) {
      // Bad keys are bad for all orders.
      if (!(error instanceof SourceError) || error.kind === 'credentials') throw error;
      failures.push(error);
    }
    return null;
  };

  for await (const order of openOrders(deps, stream, signal)) {
    const resumeAtMs = await ask(order, false);
    if (resumeAtMs !== null) return { kind: 'paused', resumeAtMs };
  }
  for (const scheduled of exports) {
    for (const next of await nextOrders(deps, stream, scheduled)) {
      signal.throwIfAborted();
      const { kind, order } = await deps.sink.intendOrder({
        streamId: stream.streamId,
        order: { ...scheduled.spec, ...next },
        nowMs: deps.clock.nowMs(),
      });
      if (order.export !== scheduled.name || order.fromMs !== next.fromMs) {
        const facts = { stream: stream.name, export: scheduled.name, job: order.name };
        deps.log.error(
          { event: 'export_name_taken', ...facts },
          'another order has the name of this one: it is not ordered',
        );
        continue;
      }
      const resumeAtMs = await ask(order, kind === 'new');
      if (resumeAtMs !== null) return { kind: 'paused', resumeAtMs };
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return { kind: 'done', ...counts };
}

/** True when there may be something to do for the orders of a stream: what the upkeep asks before it queues. */
export async function hasOrders(
  deps: Pick<OrderDeps, 'sink'>,
  { stream, exports }: OrderedStream,
): Promise<boolean> {
  if (exports.length > 0) return true;
  const query = { streamId: stream.streamId, afterId: '0', limit: 1 };
  return (await deps.sink.openOrders(query)).length > 0;
}

async function* openOrders(
  { sink }: OrderDeps,
  { streamId }: OrderStream,
  signal: AbortSignal,
): AsyncGenerator<StoredOrder> {
  for (let afterId = '0'; ;) {
    signal.throwIfAborted();
    const orders = await sink.openOrders({ streamId, afterId, limit: batchMax });
    yield* orders;
    const last = orders.at(-1);
    if (last === undefined || orders.length < batchMax) return;
    afterId = last.id;
  }
}

interface NextOrder extends TimeRange {
  readonly export: string;
  readonly attempt: number;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
}

/** Closes what is over, and answers what is to be ordered now. */
async function nextOrders(
  deps: OrderDeps,
  stream: OrderStream,
  scheduled: ScheduledExport,
): Promise<readonly NextOrder[]> {
  const { sink, clock } = deps;
  const query = { streamId: stream.streamId, export: scheduled.name };
  const orders = (await sink.unclosedOrders(query)).map((order) => slotOf(stream, order));
  const ordered = await sink.orderedRanges(query);
  const { windows, retries, parallel } = scheduled;
  const nowMs = clock.nowMs();
  const plan = planExport({ ...windows, retries, parallel }, { orders, ordered, nowMs });
  for (const { order } of plan.done) await sink.closeOrder({ orderId: order.id, nowMs });
  for (const { order, state, attempt } of plan.givenUp) {
    if (!(await sink.closeOrder({ orderId: order.id, nowMs }))) continue;
    deps.log.error(
      {
        ...{ event: 'export_given_up', stream: stream.name, export: scheduled.name },
        ...{ job: order.name, attempt, state },
        from: new Date(order.fromMs).toISOString(),
        to: new Date(order.toMs).toISOString(),
        reason: order.errorMessage ?? order.job?.errorMessage ?? null,
      },
      'export given up; logferry export --again orders it once more',
    );
  }
  return [
    ...plan.again.map(({ fromMs, toMs, attempt }) => ({ fromMs, toMs, attempt: attempt + 1 })),
    ...plan.windows.map((range) => ({ ...range, attempt: 1 })),
  ].map((next) => ({ ...next, ...namesOf(scheduled.name, next, deps.random()) }));
}

function namesOf(
  name: string,
  { fromMs, attempt }: { fromMs: number; attempt: number },
  random: number,
) {
  const from = new Date(fromMs).toISOString().replace('.000Z', 'Z');
  return {
    export: name,
    name: scheduledName({ export: name, fromMs, attempt }),
    displayName: `${name} ${from}`,
    description: markedDescription(
      `Ordered by LogFerry: export ${name}, attempt ${attempt}`,
      random,
    ),
  };
}

interface StoredSlot extends SlotOrder {
  readonly order: StoredOrder;
}

function slotOf({ source }: OrderStream, order: StoredOrder): StoredSlot {
  const { fromMs, toMs, attempt, job, intendedAtMs } = order;
  const slot = { order, fromMs, toMs, attempt };
  if (order.status === 'refused') {
    return { ...slot, state: 'refused', sinceMs: order.refusedAtMs ?? intendedAtMs };
  }
  if (job === null) return { ...slot, state: 'open', sinceMs: intendedAtMs };
  const sinceMs = job.settledAtMs ?? job.vanishedAtMs ?? intendedAtMs;
  if (job.status === source.ordering.succeeded) return { ...slot, state: 'succeeded', sinceMs };
  if (source.tracking.terminal.has(job.status)) return { ...slot, state: 'failed', sinceMs };
  return { ...slot, state: job.vanishedAtMs === null ? 'open' : 'gone', sinceMs };
}
