import type { JobEntry } from '../../../src/domain/entry.ts';
import type { NewOrder, Sink } from '../../../src/sinks/sink.ts';
import { newStream, table, terminal } from './harness.ts';

export const dayMs = 86_400_000;
export const firstMs = Date.parse('2026-11-01T00:00:00Z');

/** An order by hand; with `export`, one of day `day` of that export. */
export function newOrder(
  name: string,
  more: Partial<NewOrder> & { readonly day?: number } = {},
): NewOrder {
  const { day = 0, ...rest } = more;
  return {
    ...{
      name,
      displayName: `${name} shown`,
      description: 'Ordered by a test',
      logstore: 'app_log',
    },
    ...{ query: 'level: "ERROR"', format: 'json', compression: 'zstd', powerSql: true },
    ...{ fromMs: firstMs + day * dayMs, toMs: firstMs + (day + 1) * dayMs, allowIncomplete: false },
    ...{ roleArn: null, bucket: 'b', prefix: null, export: null, attempt: 1 },
    ...rest,
  };
}

/** A stream of its own, and what is done with its orders. */
export async function orderWorld(sink: Sink) {
  const streamId = await newStream(sink);
  const intend = (order: NewOrder, nowMs = 5_000) => sink.intendOrder({ streamId, order, nowMs });
  const note = (orderId: string, job: JobEntry, nowMs = 7_000) =>
    sink.noteJob({
      ...{ table, terminal, streamId, orderId, entry: job, drift: [] },
      ...{ askedAtMs: nowMs, nowMs },
    });
  const openNames = async () =>
    (await sink.openOrders({ streamId, afterId: '0', limit: 100 })).map(({ name }) => name);
  const read = (name: string) => sink.readOrder({ streamId, name });
  return { sink, streamId, intend, note, openNames, read };
}
