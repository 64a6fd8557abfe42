import type { TimeRange } from '../../domain/exportWindows.ts';
import { mergeJobs, withKnownKeys } from '../../domain/mergeJobs.ts';
import { storableText } from '../../domain/storable.ts';
import { driftRowsOf, jobRowOf } from '../jobRow.ts';
import type { NewOrder, OrderSink, OrderedJob, StoredOrder } from '../orderSink.ts';
import type { Contents, MemoryOrder } from './contents.ts';
import { jobIdOf } from './contents.ts';
import { applyChange, applyDrift, applyUpdate, latestKeys, withUnkeyed } from './writeJobs.ts';

/** Orders in memory. Every method does its work in one go: that is its transaction. */
export function ordersOf(contents: Contents): OrderSink {
  const { orders } = contents;
  const all = (keep: (order: MemoryOrder) => boolean) =>
    [...orders.values()].filter(keep).map((order) => orderOf(contents, order));
  const ofExport =
    (query: { readonly streamId: string; readonly export: string }) =>
    (order: MemoryOrder): boolean =>
      order.streamId === query.streamId && order.export === query.export;
  /** Replaces the order while `may` holds. */
  const change = (id: string, may: (order: MemoryOrder) => boolean, to: Partial<MemoryOrder>) => {
    const order = orders.get(id);
    if (order === undefined || !may(order)) return false;
    orders.set(id, { ...order, ...to });
    return true;
  };

  return {
    intendOrder: async ({ streamId, order, nowMs }) => {
      const isSlot = (known: MemoryOrder) =>
        order.export !== null &&
        ofExport({ streamId, export: order.export })(known) &&
        known.fromMs === order.fromMs &&
        known.attempt === order.attempt;
      const [known] = [
        ...all(isSlot),
        ...all(({ streamId: of, name }) => of === streamId && name === order.name),
      ];
      if (known !== undefined) return { kind: 'known', order: known };
      const intended = newOrder({ id: String(orders.size + 1), streamId, order, nowMs });
      orders.set(intended.id, intended);
      return { kind: 'new', order: orderOf(contents, intended) };
    },

    readOrder: async ({ streamId, name }) =>
      all((order) => order.streamId === streamId && order.name === storableText(name))[0] ?? null,

    openOrders: async ({ streamId, afterId, limit }) =>
      all(
        (order) =>
          order.streamId === streamId &&
          order.status !== 'refused' &&
          order.jobAt === null &&
          Number(order.id) > Number(afterId),
      ).slice(0, limit),

    unclosedOrders: async (query) =>
      all((order) => ofExport(query)(order) && order.closedAtMs === null).sort(
        (a, b) => a.fromMs - b.fromMs || a.attempt - b.attempt,
      ),

    orderedRanges: async (query) => {
      const merged: TimeRange[] = [];
      const ranges = all(ofExport(query)).sort((a, b) => a.fromMs - b.fromMs);
      for (const { fromMs, toMs } of ranges) {
        const last = merged.at(-1);
        if (last === undefined || last.toMs < fromMs) merged.push({ fromMs, toMs });
        else merged[merged.length - 1] = { ...last, toMs: Math.max(last.toMs, toMs) };
      }
      return merged;
    },

    recordOrdered: async ({ orderId, nowMs }) =>
      change(orderId, ({ status }) => status === 'intended', {
        ...{ status: 'ordered', orderedAtMs: nowMs, errorMessage: null },
      }),

    recordRefused: async ({ orderId, expectedStatus, reason, nowMs }) =>
      change(orderId, ({ status, jobAt }) => status === expectedStatus && jobAt === null, {
        ...{ status: 'refused', refusedAtMs: nowMs, errorMessage: storableText(reason) },
      }),

    noteOrderError: async ({ orderId, error }) => {
      change(orderId, ({ status, jobAt }) => status !== 'refused' && jobAt === null, {
        errorMessage: storableText(error),
      });
    },

    noteJob: async (note) => noteJob(contents, note),

    closeOrder: async ({ orderId, nowMs }) => {
      const last = orders.get(orderId);
      if (last?.closedAtMs !== null || last.export === null) return false;
      const isOfSlot = ofExport({ streamId: last.streamId, export: last.export });
      for (const { id } of all(isOfSlot)) {
        const isBefore = (order: MemoryOrder) =>
          order.closedAtMs === null &&
          order.fromMs === last.fromMs &&
          order.attempt <= last.attempt;
        change(id, isBefore, { closedAtMs: nowMs });
      }
      return true;
    },
  };
}

function noteJob(
  contents: Contents,
  note: Parameters<OrderSink['noteJob']>[0],
): Awaited<ReturnType<OrderSink['noteJob']>> {
  const { table, terminal, streamId, orderId, askedAtMs, nowMs } = note;
  const context = { table, streamId, walkId: null, nowMs };
  const rows = [jobRowOf(table, note.entry)];
  const incoming = withKnownKeys(rows, latestKeys(contents, context, rows));
  const order = contents.orders.get(orderId);
  const id = jobIdOf(table, streamId, incoming[0]?.key ?? '');
  // Everything that can end it comes before the first write.
  if (order === undefined || order.status === 'refused') return null;
  if (order.jobAt !== null && order.jobAt.id !== id) return null;
  const existing = withUnkeyed(contents, context, incoming);
  const merged = mergeJobs({
    ...{ existing, incoming, terminal, settling: terminal, walkId: '', askedAtMs },
  });
  for (const { incoming: row, settles } of merged.inserts) {
    contents.jobs.set(id, {
      ...{ id: String(contents.jobs.size + 1), table: table.name, streamId, row },
      ...{ firstSeenAtMs: nowMs, lastSeenAtMs: nowMs, lastSeenWalkId: null },
      ...{ settledAtMs: settles ? nowMs : null, vanishedAtMs: null },
    });
  }
  const reappeared = merged.seen.filter((job) => job.existing.isVanished);
  for (const update of merged.updates) applyUpdate(contents, context, update);
  for (const job of reappeared) applyUpdate(contents, context, { ...job, settles: false });
  for (const change of merged.changes) applyChange(contents, context, change);
  const drift = [...note.drift, ...merged.drift, ...incoming.flatMap((row) => row.drift)];
  for (const row of driftRowsOf(drift)) applyDrift(contents, context, row);
  contents.orders.set(orderId, {
    ...order,
    ...{ status: 'ordered', orderedAtMs: order.orderedAtMs ?? nowMs, errorMessage: null },
    jobAt: { table, id },
  });
  const job = contents.jobs.get(id);
  return job === undefined ? null : { entryKey: job.row.key, status: job.row.status };
}

function newOrder(made: {
  readonly id: string;
  readonly streamId: string;
  readonly order: NewOrder;
  readonly nowMs: number;
}): MemoryOrder {
  const { id, streamId, order, nowMs } = made;
  return {
    ...order,
    displayName: storableText(order.displayName),
    description: storableText(order.description),
    logstore: storableText(order.logstore),
    query: storableText(order.query),
    ...{ id, streamId, status: 'intended', errorMessage: null, intendedAtMs: nowMs },
    ...{ orderedAtMs: null, refusedAtMs: null, closedAtMs: null, jobAt: null },
  };
}

function orderOf(contents: Contents, order: MemoryOrder): StoredOrder {
  const { jobAt, ...known } = order;
  return { ...known, job: jobAt === null ? null : jobOf(contents, jobAt) };
}

function jobOf(
  contents: Contents,
  { table, id }: NonNullable<MemoryOrder['jobAt']>,
): OrderedJob | null {
  const job = contents.jobs.get(id);
  if (job === undefined) return null;
  const valueOf = (name: string) => job.row.values[Object.keys(table.columns).indexOf(name)];
  const [progress, error] = [valueOf('progress'), valueOf('error_message')];
  return {
    entryKey: job.row.key,
    status: job.row.status,
    progressPercent: typeof progress === 'number' ? progress : null,
    errorMessage: typeof error === 'string' ? error : null,
    settledAtMs: job.settledAtMs,
    vanishedAtMs: job.vanishedAtMs,
  };
}
