import type { ColumnValue, EntryTable } from '../domain/column.ts';
import type { Drift, LogEntry } from '../domain/entry.ts';
import { storableColumnValue } from '../domain/storable.ts';
import { columnValuesOf } from './jobRow.ts';
import { jsonText } from './jsonText.ts';
import { SinkError } from './sinkError.ts';

/** A log entry as every sink stores it: checked and cleaned. */
export interface EntryRow {
  /** 32 lower-case hexadecimal characters. */
  readonly key: string;
  /** `logged_at` of a monthly table, epoch milliseconds; 0 in any other. */
  readonly loggedAtMs: number;
  /** One value for each column of the table, in its order. */
  readonly values: readonly ColumnValue[];
  /** JSON text. */
  readonly document: string;
  /** Values that their column has no place for; they are null in the row. */
  readonly drift: readonly Drift[];
}

const keyPattern = /^[0-9a-f]{32}$/;

/** @throws SinkError `bug` for a key that is no 128-bit hash, and for a missing time in a monthly table: the source must reject such an entry */
export function entryRowOf(table: EntryTable, entry: LogEntry): EntryRow {
  if (!keyPattern.test(entry.key)) {
    throw new SinkError(
      'bug',
      `an entry for ${table.name} has the key ${JSON.stringify(entry.key.slice(0, 40))}, which is not 32 lower-case hexadecimal characters`,
    );
  }
  const { values, drift } = columnValuesOf(table.columns, entry.columns);
  return {
    key: entry.key,
    loggedAtMs: table.monthly ? loggedAtOf(table, entry) : 0,
    values,
    document: jsonText(entry.raw),
    drift,
  };
}

function loggedAtOf(table: EntryTable, { columns }: LogEntry): number {
  const loggedAt = columns['logged_at'] ?? null;
  const isStorable = storableColumnValue('timestamptz', loggedAt) !== undefined;
  if (typeof loggedAt === 'number' && isStorable) return loggedAt;
  throw new SinkError(
    'bug',
    `an entry for ${table.name} has no storable logged_at (${String(loggedAt)}), by which the table is partitioned: its source must reject it`,
  );
}
