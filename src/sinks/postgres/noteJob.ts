import { mergeJobs } from '../../domain/mergeJobs.ts';
import { driftRowsOf, jobRowOf } from '../jobRow.ts';
import type { OrderSink } from '../orderSink.ts';
import { inOneFlight } from './flight.ts';
import { RolledBack, inTransaction, type Database } from './transaction.ts';
import {
  changeSteps,
  driftSteps,
  existingOf,
  insertLine,
  insertSteps,
  keysOf,
  lockStep,
  matchKnown,
  updateSteps,
} from './writeJobs.ts';

type Noted = Awaited<ReturnType<OrderSink['noteJob']>>;

/**
 * Stores a job that no walk has listed: see OrderSink.noteJob. The lock of the stream's checkpoint is taken first, as a page's write
 * does by moving it: only under it are rows of a stream inserted. Its version stays: a walk under way is not fenced off.
 */
export async function noteJob(
  database: Database,
  note: Parameters<OrderSink['noteJob']>[0],
): Promise<Noted> {
  const { table, terminal, streamId, orderId, askedAtMs, nowMs } = note;
  const now = new Date(nowMs);
  const context = { table, streamId, walkId: null, nowMs };
  const rows = [jobRowOf(table, note.entry)];
  return inTransaction<Noted>(database, async (client) => {
    await client.query(
      `insert into checkpoints (stream_id, partition, updated_at) values ($1, '', $2)
       on conflict (stream_id, partition) do nothing`,
      [streamId, now],
    );
    const [, locked] = await inOneFlight(client, [
      {
        text: `select from checkpoints where stream_id = $1 and partition = '' for no key update`,
        values: [streamId],
      },
      lockStep(context, keysOf(rows)),
    ]);
    const { incoming, existing } = await matchKnown(client, context, {
      given: rows,
      locked: existingOf(locked),
    });
    const merged = mergeJobs({
      ...{ existing, incoming, terminal, settling: terminal, walkId: '', askedAtMs },
    });
    // The answer proves that a job which no list showed any more is there.
    const reappeared = merged.seen.filter(({ existing: { isVanished } }) => isVanished);
    const updates = [...merged.updates, ...reappeared.map((job) => ({ ...job, settles: false }))];
    const drift = [...note.drift, ...merged.drift, ...incoming.flatMap((row) => row.drift)];
    const lines = merged.inserts.map(({ incoming: row }) => insertLine(context, row, terminal));
    await inOneFlight(client, [
      ...insertSteps(table, lines),
      ...updateSteps(context, updates),
      ...changeSteps(context, merged.changes),
      ...driftSteps(context, driftRowsOf(drift)),
    ]);
    const [row] = incoming;
    const stored = await client.query<{ entry_key: string; status: string }>(
      `update export_orders o set
         status = 'ordered', ordered_at = coalesce(o.ordered_at, $4), error_message = null, job_id = j.id
       from download_jobs j
       where o.id = $1 and o.status <> 'refused' and (o.job_id is null or o.job_id = j.id)
         and j.stream_id = $2 and j.entry_key = $3
       returning j.entry_key, j.status`,
      [orderId, streamId, row?.key ?? '', now],
    );
    const [job] = stored.rows;
    if (job === undefined) return new RolledBack<Noted>(null);
    return { entryKey: job.entry_key, status: job.status };
  });
}
