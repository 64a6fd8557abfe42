import type { ColumnValue, FileTable } from '../domain/column.ts';
import type { Drift, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import type { EntryCost } from './entrySink.ts';
import type { Moved, WalkRef } from './walkRef.ts';

/** A row of a file: one value for each column of `FileTable.rows`, in their order. */
export type FileRow = readonly ColumnValue[];

/** A fetched file, before its rows are read. */
export interface FileIdentity {
  readonly key: string;
  /** 64 lower-case hex digits: the same key with the same bytes is the same file. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface FileAppend {
  readonly streamId: string;
  readonly table: FileTable;
  /** null: there is nothing to store besides what `finish` answers. */
  readonly file: FileIdentity | null;
  /** Read once, in order, as fast as the sink stores, and not at all when the file is stored already. When it throws, nothing is stored and its error goes up as it is. */
  readonly rows: AsyncIterable<readonly FileRow[]>;
  /** Asked once, after the last row. null: nothing is to be stored after all. */
  readonly finish: () => FileFinish | null;
  readonly nowMs: number;
}

/** What is committed with a file. */
export interface FileFinish {
  readonly walk: WalkRef;
  /** The walk's checkpoint that stands then. */
  readonly state: JsonValue;
  /** Positions of parts of the stream that stand then, by partition (never empty); null removes one. */
  readonly partitions?: ReadonlyMap<string, JsonValue>;
  readonly cost: Pick<EntryCost, 'requests'>;
  /** What is known of the file once its rows were read: its columns, and what no column holds. */
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly raw: JsonValue;
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
}

export type FileOutcome =
  | {
      readonly kind: 'stored';
      /** The walk to go on with: same walk, next version. */
      readonly walk: WalkRef;
      /**
       * inserted: the first file of its key. updated: other bytes than the key's last file, which is superseded. unchanged: this
       * very file is stored already. none: there was no file.
       */
      readonly file: 'inserted' | 'updated' | 'unchanged' | 'none';
      /** Rows stored now. */
      readonly rows: number;
    }
  /** `finish` answered null. */
  | { readonly kind: 'discarded' }
  | Moved;

export interface FileSink {
  /**
   * Stores a file and all its rows, rejected entries, drift, counts, the walk's checkpoint and the given positions in one
   * transaction, or none of it (P3). While rows are still coming nothing is locked. A file counts as one entry of the walk.
   */
  storeFile(append: FileAppend): Promise<FileOutcome>;
}
