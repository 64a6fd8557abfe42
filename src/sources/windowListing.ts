import type { ColumnValue, EntryTable } from '../domain/column.ts';
import type { RejectedEntry } from '../domain/entry.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';

/** How a stream is read by windows of time. All in milliseconds; windows have whole seconds. */
export interface WindowSettings {
  /** null: from one lookback before the first walk. */
  readonly startMs: number | null;
  readonly windowMs: number;
  readonly settleMs: number;
  readonly lookbackMs: number;
  /** Whether rows are figures over their whole window: it is never split, and each reading replaces the one before. */
  readonly aggregate: boolean;
  /** Rows of one answer at most. An answer that has as many may have been cut off, if `isFilledByLimit`. */
  readonly rowsMax: number;
  readonly isFilledByLimit: boolean;
  /** Requests of one group (all streams of a process that share a limit of the service) at a time. */
  readonly atOnce: { readonly group: string; readonly max: number };
  readonly repeat: {
    readonly triesMax: number;
    readonly waitMs: number;
    readonly waitMaxMs: number;
    readonly timeMaxMs: number;
  };
  /** null: rows are kept for ever. */
  readonly retentionMs: number | null;
}

/** What the headers of an answer say of it; null where they say nothing. */
export interface WindowFacts {
  readonly isComplete: boolean;
  /** False when nothing is said about it: then it may be no answer of this API at all. */
  readonly isTold: boolean;
  readonly reportedRows: number | null;
  readonly processedRows: number | null;
  readonly elapsedMs: number | null;
}

/** `identity`: what makes two rows of one second the same. `columns` lacks what the engine fills: occurrence, window_to. */
export interface WindowRow {
  readonly identity: JsonObject;
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly raw: JsonValue;
}

export type RowReading =
  | { readonly kind: 'timed'; readonly timeS: number; readonly row: WindowRow }
  /** A row without a time: of an aggregate. */
  | { readonly kind: 'timeless'; readonly row: WindowRow }
  | { readonly kind: 'rejected'; readonly entry: RejectedEntry };

/** Rows that are asked for by windows of time, and answered as one JSON array of any length. */
export interface WindowListing<Stream> {
  readonly settings: (stream: Stream) => WindowSettings;
  readonly request: (stream: Stream, window: { fromS: number; toS: number }) => ApiRequest;
  readonly facts: (headers: Readonly<Record<string, string>>) => WindowFacts;
  readonly readRow: (row: JsonValue) => RowReading;
  /** `columns` holds logged_at, occurrence and window_to. */
  readonly table: EntryTable;
}
