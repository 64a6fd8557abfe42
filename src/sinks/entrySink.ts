import type { EntryTable } from '../domain/column.ts';
import type { Drift, LogEntry, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import type { Moved, WalkRef } from './walkRef.ts';

/** Some of an answer's entries. A few thousand at most: one batch is held, the next one is made meanwhile. */
export interface EntryBatch {
  readonly entries: readonly LogEntry[];
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
}

export interface EntryAppend {
  readonly streamId: string;
  readonly table: EntryTable;
  /** Read once, in order, as fast as the sink stores. When it throws, nothing is stored and its error goes up as it is. */
  readonly batches: AsyncIterable<EntryBatch> | Iterable<EntryBatch>;
  /**
   * Asked once, after the last batch, when no other append of the stream is being stored: the position that stands with
   * these entries. null: none of them is to be stored after all.
   */
  readonly finish: () => EntryFinish | null;
  readonly nowMs: number;
}

/** What is committed with the entries of one append. */
export interface EntryFinish {
  readonly walk: WalkRef;
  /** The walk's checkpoint that stands then. */
  readonly state: JsonValue;
  /** Positions of parts of the stream that stand then, by partition (never empty); null removes one. */
  readonly partitions?: ReadonlyMap<string, JsonValue>;
  /** Everything before this time is proven to be stored: moves the stream's high-water mark there, never back. */
  readonly highWaterAtMs?: number;
  readonly cost: EntryCost;
  /** Rows of the table at exactly this logged_at that are not among these keys are superseded; those among them are not, any more. */
  readonly snapshot?: { readonly loggedAtMs: number; readonly keys: readonly string[] };
}

/** What the entries cost to get; added to the walk's sums. */
export interface EntryCost {
  /** Requests sent, repeats included. */
  readonly requests: number;
  readonly repeats?: number;
  readonly restarts?: number;
  readonly reportedRows?: number;
  readonly processedRows?: number;
  readonly elapsedMs?: number;
}

export type EntryOutcome =
  | {
      readonly kind: 'stored';
      /** The walk to go on with: same walk, next version. */
      readonly walk: WalkRef;
      readonly inserted: number;
      /** Entries already stored. inserted + duplicates = entries given. */
      readonly duplicates: number;
    }
  /** `finish` answered null. */
  | { readonly kind: 'discarded' }
  | Moved;

export interface EntrySink {
  /**
   * Stores the entries that are not stored yet, rejected entries, drift, counts, the walk's checkpoint and the given
   * positions in one transaction, or none of it (P3). While `batches` are still coming nothing is locked.
   */
  appendEntries(append: EntryAppend): Promise<EntryOutcome>;
  /** The positions of a stream's parts, by partition; without the walk's own checkpoint. */
  partitionStates(streamId: string): Promise<ReadonlyMap<string, JsonValue>>;
  /**
   * Upkeep of a monthly table: makes the partitions of this month and the next ones, and removes what is past its stream's
   * retention, by whole months where every row of one is. `deleted`: rows, bounded; the next upkeep goes on.
   */
  keepMonths(upkeep: {
    readonly table: EntryTable;
    readonly nowMs: number;
    /** By stream id; a stream that is not in it keeps its rows for ever. */
    readonly retentionMs: ReadonlyMap<string, number>;
  }): Promise<{ readonly dropped: number; readonly deleted: number }>;
}
