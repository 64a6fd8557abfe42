import type { LogFields } from '../sls/logQuery.ts';
import type { FileFormat } from './fileSpec.ts';

/** Writes the records of a file, each with the end of its line. */
export interface RecordWriter {
  /** Before the first record; empty in JSON. */
  readonly header: string;
  readonly record: (fields: LogFields) => string;
  /** A record that no reader can take: in CSV with more fields than columns, in JSON cut off. */
  readonly badRecord: (fields: LogFields) => string;
}

/** @param columns of a CSV file, in this order; a field that an entry has not is empty */
export function recordWriter(
  contentType: FileFormat['contentType'],
  columns: readonly string[],
): RecordWriter {
  if (contentType === 'json') {
    const text = (fields: LogFields): string => JSON.stringify(fields);
    return {
      header: '',
      record: (fields) => `${text(fields)}\n`,
      badRecord: (fields) => `${text(fields).slice(0, -2)}\n`,
    };
  }
  const cells = (fields: LogFields): readonly string[] =>
    columns.map((column) => cellOf(fields[column] ?? ''));
  return {
    header: `${columns.map(cellOf).join(',')}\n`,
    record: (fields) => `${cells(fields).join(',')}\n`,
    badRecord: (fields) => `${[...cells(fields), 'one', 'too many'].join(',')}\n`,
  };
}

/** The names of all fields, in the order in which they are first met. */
export function columnsOf(rows: Iterable<LogFields>): readonly string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) columns.add(name);
  return columns.size === 0 ? ['__time__'] : [...columns];
}

/** RFC 4180: quoted where a reader would else take it for something else. */
function cellOf(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
