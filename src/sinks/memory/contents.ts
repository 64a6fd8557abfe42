import type { JobTable } from '../../domain/column.ts';
import type { DownloadRow, FetchedExport, StoredDownload } from '../downloadSink.ts';
import type { EntryRow } from '../entryRow.ts';
import type { FileRow } from '../fileSink.ts';
import type { DriftRow, JobRow, RejectedRow } from '../jobRow.ts';
import type { StoredOrder } from '../orderSink.ts';
import type { RequestCount, StreamIdentity, WalkCounts } from '../sink.ts';

/** Everything a memory sink holds, as the tables of the Postgres sink would. Rows are replaced, never changed. */
export interface Contents {
  readonly streams: Map<string, MemoryStream>;
  readonly walks: Map<string, MemoryWalk>;
  /** By table, stream and entry key (`jobIdOf`), in the order of first sight. */
  readonly jobs: Map<string, MemoryJob>;
  readonly changes: MemoryChange[];
  /** By table, stream and key, in the order of first sight. */
  readonly entries: Map<string, MemoryEntry>;
  /** In the order of first sight. */
  readonly files: MemoryFile[];
  /** By id, the number of the file. */
  readonly downloads: Map<string, MemoryDownload>;
  /** By id. */
  readonly orders: Map<string, MemoryOrder>;
  /** By stream and partition (`checkpointIdOf`). */
  readonly checkpoints: Map<string, MemoryCheckpoint>;
  /** By stream and content hash. */
  readonly rejected: Map<string, MemoryRejected>;
  /** By stream, path and kind. */
  readonly drift: Map<string, MemoryDrift>;
  readonly budgets: Map<string, MemoryBudget>;
  /** The next free turn of each account and API, epoch milliseconds. */
  readonly turns: Map<string, number>;
  readonly requests: Map<string, RequestCount>;
  readonly beats: Map<string, number>;
}

export interface MemoryStream extends StreamIdentity {
  readonly id: string;
  readonly highWaterAtMs: number | null;
  readonly lastCompleteWalkAtMs: number | null;
}

export interface MemoryCheckpoint {
  readonly streamId: string;
  readonly partition: string;
  /** JSON text. */
  readonly state: string | null;
  readonly version: number;
}

export interface MemoryWalk extends WalkCounts {
  readonly id: string;
  readonly streamId: string;
  readonly partition: string;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly outcome: 'running' | 'complete' | 'incomplete' | 'failed' | 'superseded';
  readonly incompleteReason: string | null;
  readonly error: string | null;
  readonly vanished: number;
}

export interface MemoryJob {
  readonly id: string;
  readonly table: string;
  readonly streamId: string;
  readonly row: JobRow;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  /** null when no walk has seen it. */
  readonly lastSeenWalkId: string | null;
  readonly settledAtMs: number | null;
  readonly vanishedAtMs: number | null;
}

/** The job itself is read from `jobs` whenever the order is. */
export interface MemoryOrder extends Omit<StoredOrder, 'job'> {
  readonly jobAt: { readonly table: JobTable; readonly id: string } | null;
}

interface MemoryEntry {
  readonly table: string;
  readonly streamId: string;
  readonly row: EntryRow;
  readonly firstSeenAtMs: number;
  readonly supersededAtMs: number | null;
}

export interface MemoryFile {
  readonly table: string;
  readonly streamId: string;
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly columns: FileRow;
  /** JSON text. */
  readonly raw: string;
  readonly rows: readonly FileRow[];
  readonly downloadedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly supersededAtMs: number | null;
}

/** A file of a job, with its rows. */
export interface MemoryDownload extends StoredDownload {
  readonly id: string;
  readonly streamId: string;
  readonly jobId: string;
  readonly version: number;
  readonly fetched: FetchedExport | null;
  readonly compression: string | null;
  readonly keptAt: string | null;
  readonly endedAtMs: number | null;
  readonly stored: readonly DownloadRow[];
}

interface MemoryChange {
  readonly kind: string;
  readonly streamId: string;
  readonly entryKey: string;
  readonly jobKey: string;
  readonly from: string | null;
  readonly to: string;
  readonly progressPercent: number | null;
  readonly observedAtMs: number;
}

interface MemoryRejected extends RejectedRow {
  readonly streamId: string;
  readonly count: number;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  readonly lastWalkId: string | null;
}

interface MemoryDrift extends DriftRow {
  readonly streamId: string;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
}

interface MemoryBudget {
  readonly pausedUntilMs: number;
  readonly throttles: number;
}

export function emptyContents(): Contents {
  return {
    ...{ streams: new Map(), walks: new Map(), jobs: new Map(), changes: [] },
    ...{ entries: new Map(), files: [], downloads: new Map(), orders: new Map() },
    ...{ checkpoints: new Map() },
    ...{ rejected: new Map(), drift: new Map() },
    ...{ budgets: new Map(), turns: new Map(), requests: new Map(), beats: new Map() },
  };
}

/** The key of `contents.jobs`. */
export function jobIdOf(table: JobTable, streamId: string, entryKey: string): string {
  return `${table.name} ${streamId} ${entryKey}`;
}

/** The checkpoint of a part of a stream; a new one when there is none. */
export function checkpointOf(
  { checkpoints }: Pick<Contents, 'checkpoints'>,
  at: { readonly streamId: string; readonly partition: string },
): MemoryCheckpoint {
  const { streamId, partition } = at;
  return checkpoints.get(checkpointIdOf(at)) ?? { streamId, partition, state: null, version: 0 };
}

/** Stores the checkpoint in place of the one before. */
export function setCheckpoint(
  { checkpoints }: Pick<Contents, 'checkpoints'>,
  checkpoint: MemoryCheckpoint,
): void {
  checkpoints.set(checkpointIdOf(checkpoint), checkpoint);
}

function checkpointIdOf(at: { readonly streamId: string; readonly partition: string }): string {
  return `${at.streamId} ${at.partition}`;
}
