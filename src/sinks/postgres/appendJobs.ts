import type pg from 'pg';
import { mergeJobs } from '../../domain/mergeJobs.ts';
import { driftRowsOf, jobRowOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText } from '../jsonText.ts';
import type { JobPage, PageOutcome } from '../sink.ts';
import type { Database } from './transaction.ts';
import type { InTurn } from './turns.ts';
import { RolledBack, inTransaction } from './transaction.ts';
import {
  insertJobs,
  insertLine,
  lockKnown,
  markSeen,
  recordChanges,
  storeDrift,
  storeRejected,
  updateJobs,
} from './writeJobs.ts';

/**
 * Stores a page: see WalkSink.appendJobs. The checkpoint is moved first: that takes the lock under which the stream's rows
 * are inserted, and a walker that was fenced off writes nothing at all.
 */
export async function appendJobs(
  { database, inTurn }: { readonly database: Database; readonly inTurn: InTurn },
  page: JobPage,
): Promise<PageOutcome> {
  const { walk, table, terminal, nowMs } = page;
  const given = page.entries.map((entry) => jobRowOf(table, entry));
  const rejected = rejectedRowsOf(page.rejected);
  const context = { table, streamId: walk.streamId, walkId: walk.walkId, nowMs };
  const lines = new Map(given.map((row) => [row, insertLine(context, row, terminal)]));

  const write = async (client: pg.PoolClient): Promise<PageOutcome | RolledBack<PageOutcome>> => {
    const moved = await client.query(
      `update checkpoints set state = $3::jsonb, version = version + 1, updated_at = $4
       where stream_id = $1 and partition = '' and version = $2`,
      [walk.streamId, walk.version, jsonText(page.state), new Date(nowMs)],
    );
    if (moved.rowCount !== 1) return new RolledBack<PageOutcome>({ kind: 'moved' });

    const { incoming, existing } = await lockKnown(client, context, given);
    const { walkId } = walk;
    const merged = mergeJobs({ existing, incoming, terminal, walkId, askedAtMs: page.askedAtMs });
    const newLines = merged.inserts.map(
      ({ incoming: row }) => lines.get(row) ?? insertLine(context, row, terminal),
    );
    await insertJobs(client, table, newLines);
    await updateJobs(client, context, merged.updates);
    await markSeen(client, context, merged.seen);
    await recordChanges(client, context, merged.changes);
    await storeRejected(client, context, rejected);
    const drift = [...page.drift, ...merged.drift, ...incoming.flatMap((row) => row.drift)];
    await storeDrift(client, context, driftRowsOf(drift));

    const { inserted, updated, duplicates } = merged;
    await client.query(
      `update walks set
         pages = pages + 1, requests = requests + $2,
         entries_seen = entries_seen + $3 + $4 + $5 + $6,
         inserted = inserted + $3, updated = updated + $4, duplicates = duplicates + $5,
         rejected = rejected + $6, restarts = $7, total_reported = $8
       where id = $1`,
      [
        ...[walk.walkId, page.requests, inserted, updated, duplicates, page.rejected.length],
        ...[page.restarts, page.totalReported],
      ],
    );
    return {
      kind: 'stored',
      walk: { ...walk, version: walk.version + 1 },
      ...{ inserted, updated, duplicates },
      open: merged.open.map((entryKey) => ({ streamId: walk.streamId, entryKey })),
    };
  };
  return inTurn(walk.streamId, () => inTransaction<PageOutcome>(database, write));
}
