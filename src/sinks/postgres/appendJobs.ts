import { setImmediate } from 'node:timers/promises';
import { mergeJobs, settlingOf } from '../../domain/mergeJobs.ts';
import type { InSlots } from '../../domain/slots.ts';
import { driftRowsOf, jobRowOf, rejectedRowsOf } from '../jobRow.ts';
import type { JobRow } from '../jobRow.ts';
import { jsonText } from '../jsonText.ts';
import type { JobPage, PageOutcome } from '../sink.ts';
import type { Database, Flights } from './transaction.ts';
import { RolledBack, inFlights } from './transaction.ts';
import {
  changeSteps,
  driftSteps,
  existingOf,
  insertLine,
  insertSteps,
  keysOf,
  lockStep,
  matchKnown,
  rejectedSteps,
  seenSteps,
  updateSteps,
} from './writeJobs.ts';

/**
 * Stores a page: see WalkSink.appendJobs. The checkpoint is moved first: that takes the lock under which the stream's rows
 * are inserted, and a walker that was fenced off writes nothing at all.
 */
export async function appendJobs(
  { database, inSlots }: { readonly database: Database; readonly inSlots: InSlots },
  page: JobPage,
): Promise<PageOutcome> {
  const { walk, table, terminal, nowMs } = page;
  const settling = settlingOf(table, terminal);
  const context = { table, streamId: walk.streamId, walkId: walk.walkId, nowMs };
  const rejected = rejectedRowsOf(page.rejected);
  // Begun now, while the page before is being written; a failure is met when this page's turn comes.
  const preparing = prepare(context, page);
  preparing.catch(() => undefined);

  const write = async (
    { client, begin, commit }: Flights,
    { rows, lines }: PreparedPage,
  ): Promise<PageOutcome | RolledBack<PageOutcome>> => {
    const [moved, found] = await begin([
      {
        text: `
          update checkpoints set state = $3::jsonb, version = version + 1, updated_at = $4
          where stream_id = $1 and partition = '' and version = $2`,
        values: [walk.streamId, walk.version, jsonText(page.state), new Date(nowMs)],
      },
      lockStep(context, keysOf(rows)),
    ]);
    if (moved?.rowCount !== 1) return new RolledBack<PageOutcome>({ kind: 'moved' });

    const locked = existingOf(found);
    const { incoming, existing } = await matchKnown(client, context, { given: rows, locked });
    const { walkId } = walk;
    const merged = mergeJobs({
      ...{ existing, incoming, terminal, settling, walkId },
      askedAtMs: page.askedAtMs,
    });
    const newLines = merged.inserts.map(
      ({ incoming: row }) => lines.get(row) ?? insertLine(context, row, settling),
    );
    const drift = [...page.drift, ...merged.drift, ...incoming.flatMap((row) => row.drift)];
    const { inserted, updated, duplicates } = merged;
    await commit([
      ...insertSteps(table, newLines),
      ...updateSteps(context, merged.updates),
      ...seenSteps(context, merged.seen),
      ...changeSteps(context, merged.changes),
      ...rejectedSteps(context, rejected),
      ...driftSteps(context, driftRowsOf(drift)),
      {
        text: `
          update walks set
            pages = pages + 1, requests = requests + $2,
            entries_seen = entries_seen + $3 + $4 + $5 + $6,
            inserted = inserted + $3, updated = updated + $4, duplicates = duplicates + $5,
            rejected = rejected + $6, restarts = $7, total_reported = $8
          where id = $1`,
        values: [
          ...[walk.walkId, page.requests, inserted, updated, duplicates, page.rejected.length],
          ...[page.restarts, page.totalReported],
        ],
      },
    ]);
    return {
      kind: 'stored',
      walk: { ...walk, version: walk.version + 1 },
      ...{ inserted, updated, duplicates },
      open: merged.open.map((entryKey) => ({ streamId: walk.streamId, entryKey })),
    };
  };
  // Pages are handed in before the page ahead of them is stored. On two connections they could reach the checkpoint in the
  // wrong order; in turn they cannot.
  return inSlots({ key: walk.streamId, atOnceMax: 1 }, async () => {
    const prepared = await preparing;
    return inFlights<PageOutcome>(database, (flights) => write(flights, prepared));
  });
}

/** A page's rows, and the line that each would be inserted with. */
interface PreparedPage {
  readonly rows: readonly JobRow[];
  readonly lines: ReadonlyMap<JobRow, string>;
}

/** Rows prepared in one go, about 1 ms: the transaction of the page before must not wait long for its last statements. */
const rowsAtOnce = 100;

async function prepare(
  context: Parameters<typeof insertLine>[0],
  { table, entries, terminal }: JobPage,
): Promise<PreparedPage> {
  const settling = settlingOf(table, terminal);
  const rows: JobRow[] = [];
  const lines = new Map<JobRow, string>();
  for (const [index, entry] of entries.entries()) {
    if (index % rowsAtOnce === 0) await setImmediate();
    const row = jobRowOf(table, entry);
    rows.push(row);
    lines.set(row, insertLine(context, row, settling));
  }
  return { rows, lines };
}
