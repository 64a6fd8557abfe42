import type { ColumnValue } from './column.ts';
import type { JsonValue } from './json.ts';

export type { Drift, DriftKind } from './drift.ts';

/** A job of the cloud as one answer showed it: an export job, a delivery job. */
export interface JobEntry {
  /** Identity within the stream. A job deleted and created again under the same name is another job. */
  readonly key: string;
  /** What the provider calls it: the name or id that asks for its status again, and `job_status_changes.job_key`. */
  readonly jobKey: string;
  /** Normalised to upper case. A status nobody documented is kept as text, and is not terminal. */
  readonly status: string;
  /** 0..100, null when the answer has none. */
  readonly progressPercent: number | null;
  /** One value for each column of the source's table, by column name; null where absent or unreadable. */
  readonly columns: Readonly<Record<string, ColumnValue>>;
  /** What of the entry no column holds, at its place: unknown fields, unreadable values, the status as sent. Links withheld. */
  readonly raw: JsonValue;
}

/** An entry that cannot be stored at all (no usable key). Kept in `rejected_entries`, never dropped. */
export interface RejectedEntry {
  readonly reason: string;
  readonly raw: JsonValue;
}

/** One entry of a log, or a row of an answer like it: stored once, never changed. */
export interface LogEntry {
  /**
   * 32 hexadecimal characters: a 128-bit hash of the entry's scope, its content, and how many equal ones came before it in
   * that scope, so that twins are two entries and a re-read finds both.
   */
  readonly key: string;
  /** One value for each column of the source's table, by column name; null where absent or unreadable. */
  readonly columns: Readonly<Record<string, ColumnValue>>;
  /** What the table's document column holds. Links withheld. */
  readonly raw: JsonValue;
}
