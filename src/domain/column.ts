import type { JsonValue } from './json.ts';
import type { DriftKind } from './drift.ts';

/** The PostgreSQL type of a column that comes from a response field. */
export type ColumnType = 'text' | 'bigint' | 'integer' | 'boolean' | 'timestamptz' | 'jsonb';

/** `bigint` columns hold decimal text (nothing loses digits past 2^53); `timestamptz` columns hold epoch milliseconds; `jsonb` columns hold JSON text. */
export type ColumnValue = string | number | boolean | null;

export type ColumnReading =
  | { readonly ok: true; readonly value: ColumnValue }
  | { readonly ok: false; readonly kind: DriftKind };

/** Where in an entry a column's value stands, and how it is read. A field that is absent or null reads as null. */
export interface Column {
  readonly type: ColumnType;
  readonly path: readonly string[];
  readonly read: (value: JsonValue) => ColumnReading;
}

/** A table that holds the entries of streams, as far as counting them goes. Constants of the code. */
export interface CountedTable {
  readonly name: string;
  /** True when its rows are jobs, of which some are still open. */
  readonly holdsJobs: boolean;
}

/** A table of jobs that are followed until terminal. Constants of the code, never built from input. */
export interface JobTable {
  /** Table name in schema `public`: `download_jobs`. */
  readonly name: string;
  /** `job_status_changes.kind`: `download_job`. */
  readonly kind: string;
  /**
   * Columns that the source fills, by snake_case column name. The sink adds: id, stream_id, entry_key, job_key, status,
   * first_seen_at, last_seen_at, last_seen_walk_id, settled_at, vanished_at, content_hash, raw.
   */
  readonly columns: Readonly<Record<string, Pick<Column, 'type'>>>;
  /**
   * Columns of which only the answer about one job speaks, never the listing: a value once known stays when an answer has
   * none, and a change of them alone is no change of what was listed. @default none
   */
  readonly trackedColumns?: ReadonlySet<string>;
  /**
   * Who has the last word on a job. `tracking`: a terminal status that the listing shows stands, but the job stays open until
   * it has been asked for once more by itself. @default whoever sees the terminal status first
   */
  readonly settledBy?: 'tracking';
}

/** A table of log entries: rows that never change, each stored once by its key. Constants of the code, never built from input. */
export interface EntryTable {
  /** Table name in schema `public`: `project_logs`. */
  readonly name: string;
  /**
   * Columns that the source fills, by snake_case column name. The sink adds: stream_id, entry_key, first_seen_at, the
   * document column and, with `snapshots`, superseded_at. Its key is (stream_id, entry_key), or (stream_id, logged_at,
   * entry_key) when it is partitioned.
   */
  readonly columns: Readonly<Record<string, Pick<Column, 'type'>>>;
  /** The jsonb column that holds `LogEntry.raw`. */
  readonly document: 'raw' | 'content';
  /** Whether it is partitioned by month of its column `logged_at`, which is then never null. */
  readonly monthly: boolean;
  /** Whether it has the column superseded_at, for rows that a later reading replaces. */
  readonly snapshots: boolean;
}

/** A table of fetched files and the table of their rows. Constants of the code, never built from input. */
export interface FileTable {
  /** Table name in schema `public`: `log_files`. */
  readonly name: string;
  /** The column that tells files of a stream apart: `sub_job_id`. A key's later file supersedes its earlier ones. */
  readonly keyColumn: string;
  /** The column with the number of rows read from the file: `lines`. */
  readonly countColumn: string;
  /**
   * Columns that the source fills, by snake_case column name. The sink adds: id, stream_id, the key and count columns, sha256,
   * bytes, downloaded_at, last_seen_at, superseded_at, raw.
   */
  readonly columns: Readonly<Record<string, Pick<Column, 'type'>>>;
  readonly rows: {
    /** `log_file_lines` */
    readonly name: string;
    /** The column that names the file: `log_file_id`. */
    readonly fileColumn: string;
    /** Columns that the source fills, in the order of the values of a row. */
    readonly columns: Readonly<Record<string, Pick<Column, 'type'>>>;
  };
}
