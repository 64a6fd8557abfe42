import { assertNever } from '../domain/assertNever.ts';
import { backoffMs } from '../domain/backoff.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { OpenJob, StoredOrder } from '../sinks/sink.ts';
import type { EntryReading } from '../sources/source.ts';
import type { EngineDeps, OrderStream } from './ports.ts';
import { retrying } from './retrying.ts';

export interface OrderDeps extends Pick<EngineDeps, 'sink' | 'clock' | 'random' | 'log'> {
  /** Told of the order's job once it is stored, to be followed. */
  readonly onOpenJobs: (jobs: readonly OpenJob[]) => Promise<void>;
}

export type OrderOutcome =
  /** The service has taken it. `job`: as it is stored; null when the service does not show it yet. */
  | {
      readonly kind: 'ordered';
      readonly job: { readonly entryKey: string; readonly status: string } | null;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The budget of the account and API is paused. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

interface Asked {
  readonly stream: OrderStream;
  /** As it is stored. */
  readonly order: StoredOrder;
  /** True for one that was stored just now, by this process: the service cannot have it. */
  readonly isNew: boolean;
}

const triesMax = 4;
const tryBounds = { baseMs: 500, maxMs: 10_000 };
/** A service that has taken an order shows its job within moments; one that does not after this has none. */
const lostAfterMs = 10 * 60_000;

/**
 * Orders an export whose order is stored, at most once: before an order that may have been executed is asked for again, its job is
 * looked for by name. A crash anywhere is mended by calling it again; two callers at once are told apart by the service, which takes a
 * name once.
 * @throws SourceError or SinkError; the order stays open, and is asked for again later
 */
export async function orderExport(
  deps: OrderDeps,
  asked: Asked,
  signal: AbortSignal,
): Promise<OrderOutcome> {
  const { order, isNew } = asked;
  if (order.status === 'refused' || order.job !== null) return outcomeOf(order);
  try {
    const found = isNew ? null : await find(deps, asked, signal);
    if (found !== null) return await adopt(deps, asked, found, order.status === 'ordered');
    if (order.status === 'ordered') return await stillUnseen(deps, asked);
    return await create(deps, asked, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof SourceError)) throw error;
    await deps.sink.noteOrderError({ orderId: order.id, error: error.message });
    if (error.kind !== 'throttled') throw error;
    const resumeAtMs = deps.clock.nowMs() + (error.detail.retryAfterMs ?? 1_000);
    return { kind: 'paused', resumeAtMs };
  }
}

async function create(deps: OrderDeps, asked: Asked, signal: AbortSignal): Promise<OrderOutcome> {
  const { stream, order } = asked;
  for (let tries = 1; ; tries += 1) {
    try {
      const { ordering } = stream.source;
      await stream.api.call(ordering.request(stream.settings, order), signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error;
      switch (error.kind) {
        // Refused before anything was executed.
        case 'throttled':
        case 'credentials':
          throw error;
        case 'rejected': {
          // Also the answer to a name that is taken, by this very order or by another job.
          const found = await findAfter(error, deps, asked, signal);
          return found === null ? refuse(deps, asked, error.message) : adopt(deps, asked, found);
        }
        // It may have been executed.
        case 'transient':
        case 'drift': {
          const found = await find(deps, asked, signal);
          if (found !== null) return adopt(deps, asked, found);
          if (tries >= triesMax) throw error;
          const delayMs = backoffMs(tries, tryBounds, deps.random());
          deps.log.warn(
            {
              ...factsOf(asked),
              event: 'order_retried',
              try: tries,
              delayMs,
              reason: error.message,
            },
            'export is ordered again: it was not',
          );
          await deps.clock.sleep(delayMs, signal);
          continue;
        }
        default:
          return assertNever(error.kind);
      }
    }
    await deps.sink.recordOrdered({ orderId: order.id, nowMs: deps.clock.nowMs() });
    deps.log.info({ ...factsOf(asked), event: 'export_ordered' }, 'export ordered');
    return see(deps, asked, signal);
  }
}

/** Stores the job of an order that was just taken. That it cannot be read now takes nothing back: it is looked for again later. */
async function see(deps: OrderDeps, asked: Asked, signal: AbortSignal): Promise<OrderOutcome> {
  try {
    const found = await find(deps, asked, signal);
    return found === null ? { kind: 'ordered', job: null } : await adopt(deps, asked, found, true);
  } catch (error) {
    if (signal.aborted || !(error instanceof SourceError)) throw error;
    deps.log.warn(
      { ...factsOf(asked), event: 'ordered_job_unseen', reason: error.message },
      'export is ordered, its job could not be read yet',
    );
    return { kind: 'ordered', job: null };
  }
}

interface Found {
  readonly reading: EntryReading;
  readonly askedAtMs: number;
}

/** The job of the order's name at the service; null when there is none. */
async function find(
  deps: OrderDeps,
  { stream, order }: Asked,
  signal: AbortSignal,
): Promise<Found | null> {
  const { tracking } = stream.source;
  const askedAtMs = deps.clock.nowMs();
  const request = tracking.request(stream.settings, order.name);
  const ask = () => stream.api.call(request, signal);
  try {
    const { result } = await retrying(deps, { stream: stream.name, ask }, signal);
    return { reading: tracking.read(result.body, stream.settings), askedAtMs };
  } catch (error) {
    if (!(error instanceof SourceError) || error.kind !== 'rejected') throw error;
    const { status, code } = error.detail;
    if (tracking.isGone({ status, code })) return null;
    throw error;
  }
}

/** After a refusal. Where the question for the job is refused as well (no such project), the job is not there either. */
async function findAfter(
  refusal: SourceError,
  deps: OrderDeps,
  asked: Asked,
  signal: AbortSignal,
): Promise<Found | null> {
  try {
    return await find(deps, asked, signal);
  } catch (error) {
    if (error instanceof SourceError && error.kind === 'rejected') {
      const isSame = error.detail.code === refusal.detail.code;
      if (isSame) return null;
    }
    throw error;
  }
}

/**
 * Takes the job that was found under the order's name for its own, unless it is somebody else's. After the service has taken the
 * order (`isOurs`) it is, however the service writes it: refusing it would order, and pay for, the range again.
 */
async function adopt(
  deps: OrderDeps,
  asked: Asked,
  found: Found,
  isOurs = false,
): Promise<OrderOutcome> {
  const { stream, order } = asked;
  const { reading, askedAtMs } = found;
  const { ordering, table, tracking } = stream.source;
  if (reading.kind === 'rejected') {
    const { api } = tracking.request(stream.settings, order.name);
    throw new SourceError(
      'drift',
      `${api} for ${order.name} of stream ${stream.name} answered something that is not a job (${reading.entry.reason})`,
      { detail: { api } },
    );
  }
  const differences = ordering.differences(reading.entry, order);
  if (differences.length > 0 && isOurs) {
    deps.log.warn(
      { ...factsOf(asked), event: 'order_rewritten', differences },
      'the service shows the ordered job otherwise than it was ordered',
    );
  } else if (differences.length > 0) {
    const what = differences.join(', ');
    return refuse(
      deps,
      asked,
      `the name ${order.name} is taken by a job that exports something else (${what}); order under another name`,
    );
  }
  const { terminal } = tracking;
  const job = await deps.sink.noteJob({
    ...{ table, terminal, streamId: stream.streamId, orderId: order.id, askedAtMs },
    ...{ entry: reading.entry, drift: reading.drift, nowMs: deps.clock.nowMs() },
  });
  if (job === null) return movedOutcome(deps, asked);
  const { entryKey } = job;
  deps.log.info(
    { ...factsOf(asked), event: 'ordered_job_seen', status: job.status },
    'job of an ordered export is followed',
  );
  await deps.onOpenJobs([{ streamId: stream.streamId, entryKey }]);
  return { kind: 'ordered', job };
}

async function stillUnseen(deps: OrderDeps, asked: Asked): Promise<OrderOutcome> {
  const { name, orderedAtMs } = asked.order;
  const nowMs = deps.clock.nowMs();
  if (nowMs < (orderedAtMs ?? nowMs) + lostAfterMs) return { kind: 'ordered', job: null };
  return refuse(
    deps,
    asked,
    `the service took the order and has no job ${name}: it was deleted, or lost`,
  );
}

async function refuse(deps: OrderDeps, asked: Asked, reason: string): Promise<OrderOutcome> {
  const { id: orderId, status } = asked.order;
  const expectedStatus = status === 'ordered' ? 'ordered' : 'intended';
  const refusal = { orderId, expectedStatus, reason, nowMs: deps.clock.nowMs() } as const;
  if (!(await deps.sink.recordRefused(refusal))) return movedOutcome(deps, asked);
  deps.log.warn({ ...factsOf(asked), event: 'export_refused', reason }, 'export refused');
  return { kind: 'refused', reason };
}

/** Somebody else found out first. */
async function movedOutcome({ sink }: OrderDeps, { order }: Asked): Promise<OrderOutcome> {
  return outcomeOf((await sink.readOrder(order)) ?? order);
}

function outcomeOf({ status, errorMessage, job }: StoredOrder): OrderOutcome {
  if (status === 'refused') return { kind: 'refused', reason: errorMessage ?? 'refused' };
  return { kind: 'ordered', job };
}

function factsOf({ stream, order }: Asked) {
  const { name, attempt, export: scheduled } = order;
  return { stream: stream.name, export: scheduled, job: name, attempt };
}
