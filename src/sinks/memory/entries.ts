import type { Drift, RejectedEntry } from '../../domain/entry.ts';
import { entryRowOf, type EntryRow } from '../entryRow.ts';
import type { EntryAppend, EntryFinish, EntryOutcome, EntrySink } from '../entrySink.ts';
import { driftRowsOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText, parseJsonText } from '../jsonText.ts';
import type { Contents } from './contents.ts';
import { checkpointOf, setCheckpoint } from './contents.ts';
import { moveCheckpoint, streamOf, walkOf } from './walks.ts';
import { applyDrift, applyRejected } from './writeJobs.ts';

/** Log entries in memory. Batches are gathered first, then all is stored in one go. */
export function entriesOf(contents: Contents): EntrySink {
  return {
    appendEntries: async (append) => {
      const rows: EntryRow[] = [];
      const rejected: RejectedEntry[] = [];
      const drift: Drift[] = [];
      for await (const batch of append.batches) {
        for (const entry of batch.entries) rows.push(entryRowOf(append.table, entry));
        rejected.push(...batch.rejected);
        drift.push(...batch.drift);
      }
      drift.push(...rows.flatMap((row) => row.drift));
      return store(contents, append, { rows, rejected, drift });
    },
    keepMonths: async ({ table, nowMs, retentionMs }) => {
      let deleted = 0;
      for (const [id, entry] of contents.entries) {
        const keptMs = retentionMs.get(entry.streamId) ?? Infinity;
        if (entry.table !== table.name || entry.row.loggedAtMs >= nowMs - keptMs) continue;
        contents.entries.delete(id);
        deleted += 1;
      }
      return { dropped: 0, deleted };
    },
    partitionStates: async (streamId) => {
      const parts = [...contents.checkpoints.values()].filter(
        (part) => part.streamId === streamId && part.partition !== '',
      );
      return new Map(
        parts.flatMap(({ partition, state }) =>
          state === null ? [] : [[partition, parseJsonText(state)] as const],
        ),
      );
    },
  };
}

interface Gathered {
  readonly rows: readonly EntryRow[];
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
}

function store(contents: Contents, append: EntryAppend, gathered: Gathered): EntryOutcome {
  const { table, streamId, nowMs } = append;
  const finish = append.finish();
  if (finish === null) return { kind: 'discarded' };
  const { walk, cost } = finish;
  const stored = walkOf(contents, walk.walkId);
  if (!moveCheckpoint(contents, walk, jsonText(finish.state))) return { kind: 'moved' };
  const stream = streamOf(contents, streamId);
  const { highWaterAtMs = null } = finish;
  if (highWaterAtMs !== null) {
    const mark = Math.max(stream.highWaterAtMs ?? highWaterAtMs, highWaterAtMs);
    contents.streams.set(streamId, { ...stream, highWaterAtMs: mark });
  }

  let inserted = 0;
  for (const row of gathered.rows) {
    const id = entryIdOf(table.name, streamId, row.key);
    if (contents.entries.has(id)) continue;
    const seen = { firstSeenAtMs: nowMs, supersededAtMs: null };
    contents.entries.set(id, { table: table.name, streamId, row, ...seen });
    inserted += 1;
  }
  if (table.snapshots && finish.snapshot !== undefined)
    supersede(contents, append, finish.snapshot);
  const context = { streamId, walkId: walk.walkId, nowMs };
  for (const row of rejectedRowsOf(gathered.rejected)) applyRejected(contents, context, row);
  for (const row of driftRowsOf(gathered.drift)) applyDrift(contents, context, row);
  storePositions(contents, streamId, finish.partitions);

  const duplicates = gathered.rows.length - inserted;
  contents.walks.set(walk.walkId, {
    ...stored,
    pages: stored.pages + 1,
    requests: stored.requests + cost.requests,
    entriesSeen: stored.entriesSeen + gathered.rows.length + gathered.rejected.length,
    inserted: stored.inserted + inserted,
    duplicates: stored.duplicates + duplicates,
    rejected: stored.rejected + gathered.rejected.length,
    restarts: stored.restarts + (cost.restarts ?? 0),
    repeats: stored.repeats + (cost.repeats ?? 0),
    reportedRows: stored.reportedRows + (cost.reportedRows ?? 0),
    processedRows: stored.processedRows + (cost.processedRows ?? 0),
    elapsedMs: stored.elapsedMs + (cost.elapsedMs ?? 0),
  });
  return { kind: 'stored', walk: { ...walk, version: walk.version + 1 }, inserted, duplicates };
}

/** Positions of parts of a stream; null removes one. */
export function storePositions(
  contents: Contents,
  streamId: string,
  partitions: EntryFinish['partitions'],
): void {
  for (const [partition, position] of partitions ?? []) {
    const checkpoint = checkpointOf(contents, { streamId, partition });
    const text = position === null ? null : jsonText(position);
    setCheckpoint(contents, { ...checkpoint, state: text, version: checkpoint.version + 1 });
  }
}

function supersede(
  contents: Contents,
  { table, streamId, nowMs }: EntryAppend,
  snapshot: { readonly loggedAtMs: number; readonly keys: readonly string[] },
): void {
  const latest = new Set(snapshot.keys);
  for (const [id, entry] of contents.entries) {
    const isOfIt = entry.table === table.name && entry.streamId === streamId;
    if (!isOfIt || entry.row.loggedAtMs !== snapshot.loggedAtMs) continue;
    const supersededAtMs = latest.has(entry.row.key) ? null : (entry.supersededAtMs ?? nowMs);
    contents.entries.set(id, { ...entry, supersededAtMs });
  }
}

function entryIdOf(table: string, streamId: string, key: string): string {
  return `${table} ${streamId} ${key}`;
}
