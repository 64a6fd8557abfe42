import { storableColumnValue, storableText } from '../../domain/storable.ts';
import type { FileAppend, FileFinish, FileOutcome, FileRow, FileSink } from '../fileSink.ts';
import { columnValuesOf, driftRowsOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText } from '../jsonText.ts';
import type { Contents, MemoryFile } from './contents.ts';
import { storePositions } from './entries.ts';
import { moveCheckpoint, walkOf } from './walks.ts';
import { applyDrift, applyRejected } from './writeJobs.ts';

/** Files in memory. The rows are gathered first, then all is stored in one go. */
export function filesOf(contents: Contents): FileSink {
  return {
    storeFile: async (append) => {
      const same = append.file === null ? undefined : sameFile(contents, append);
      const rows: FileRow[] = [];
      if (append.file !== null && same === undefined) {
        const types = Object.values(append.table.rows.columns).map(({ type }) => type);
        for await (const batch of append.rows) {
          for (const row of batch) {
            rows.push(types.map((type, at) => storableColumnValue(type, row[at] ?? null) ?? null));
          }
        }
      }
      return store(contents, append, { same, rows });
    },
  };
}

function sameFile(
  contents: Contents,
  { table, streamId, file }: FileAppend,
): MemoryFile | undefined {
  return contents.files.find(
    (stored) =>
      stored.table === table.name &&
      stored.streamId === streamId &&
      stored.key === storableText(file?.key ?? '') &&
      stored.sha256 === file?.sha256,
  );
}

function store(
  contents: Contents,
  append: FileAppend,
  read: { readonly same: MemoryFile | undefined; readonly rows: readonly FileRow[] },
): FileOutcome {
  const { streamId, nowMs } = append;
  const finish = append.finish();
  if (finish === null) return { kind: 'discarded' };
  const { walk } = finish;
  const stored = walkOf(contents, walk.walkId);
  if (!moveCheckpoint(contents, walk, jsonText(finish.state))) return { kind: 'moved' };
  const { values, drift } = columnValuesOf(append.table.columns, finish.columns);
  const outcome = keepFile(contents, append, { ...read, finish, values });
  const context = { streamId, walkId: walk.walkId, nowMs };
  for (const row of rejectedRowsOf(finish.rejected)) applyRejected(contents, context, row);
  for (const row of driftRowsOf([...finish.drift, ...drift])) applyDrift(contents, context, row);
  storePositions(contents, streamId, finish.partitions);
  const counted = (wanted: typeof outcome): number => (outcome === wanted ? 1 : 0);
  contents.walks.set(walk.walkId, {
    ...stored,
    pages: stored.pages + 1,
    requests: stored.requests + finish.cost.requests,
    entriesSeen: stored.entriesSeen + (outcome === 'none' ? 0 : 1) + finish.rejected.length,
    inserted: stored.inserted + counted('inserted'),
    updated: stored.updated + counted('updated'),
    duplicates: stored.duplicates + counted('unchanged'),
    rejected: stored.rejected + finish.rejected.length,
  });
  const next = { ...walk, version: walk.version + 1 };
  return { kind: 'stored', walk: next, file: outcome, rows: read.rows.length };
}

function keepFile(
  contents: Contents,
  { table, streamId, file, nowMs }: FileAppend,
  read: {
    readonly same: MemoryFile | undefined;
    readonly rows: readonly FileRow[];
    readonly finish: FileFinish;
    readonly values: FileRow;
  },
): Extract<FileOutcome, { kind: 'stored' }>['file'] {
  if (file === null) return 'none';
  const { same, rows, finish, values } = read;
  const key = storableText(file.key);
  const wasLatest = same?.supersededAtMs === null;
  const kept: MemoryFile = {
    ...(same ?? {
      ...{ table: table.name, streamId, key, sha256: file.sha256, bytes: file.bytes },
      ...{ columns: values, raw: jsonText(finish.raw), rows, downloadedAtMs: nowMs },
    }),
    lastSeenAtMs: nowMs,
    supersededAtMs: null,
  };
  let superseded = 0;
  contents.files.forEach((other, index) => {
    const isOfKey = other.table === table.name && other.streamId === streamId && other.key === key;
    if (!isOfKey || other === same || other.supersededAtMs !== null) return;
    contents.files[index] = { ...other, supersededAtMs: nowMs };
    superseded += 1;
  });
  if (same === undefined) contents.files.push(kept);
  else contents.files[contents.files.indexOf(same)] = kept;
  if (wasLatest) return 'unchanged';
  return same === undefined && superseded === 0 ? 'inserted' : 'updated';
}
