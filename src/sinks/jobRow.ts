import { hash } from 'node:crypto';
import type { ColumnValue, JobTable } from '../domain/column.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import { storableColumnValue, storableText } from '../domain/storable.ts';
import { jsonText } from './jsonText.ts';
import { fieldOf, rowText, type RowField } from './rowText.ts';
import { SinkError } from './sinkError.ts';

/** An entry as every sink stores it: checked, cleaned, hashed. */
export interface JobRow {
  readonly key: string;
  readonly jobKey: string;
  readonly status: string;
  /** Whole percent, cut off: 99.9 is not done. null also outside 0..100. */
  readonly progressPercent: number | null;
  /** One value for each column of the table, in its order. */
  readonly values: readonly ColumnValue[];
  /** JSON text. */
  readonly raw: string;
  /** Job key, status, raw and values as COPY reads them: what the hash covers, but for tracked columns. */
  readonly text: string;
  readonly contentHash: string;
  /** Values that their column has no place for; they are null in the row and stand in `raw`. */
  readonly drift: readonly Drift[];
}

/** Longest key, in UTF-16 units: it must fit into an index with room to spare. */
const keyLengthMax = 512;
const sampleLengthMax = 200;

/** @throws SinkError `bug` for a key that is empty or longer than 512 characters: the source must reject such an entry */
export function jobRowOf(table: JobTable, entry: JobEntry): JobRow {
  const key = checkedKey(table, entry.key);
  const jobKey = checkedKey(table, entry.jobKey);
  const status = storableText(entry.status);
  const { values, drift } = columnValuesOf(table.columns, entry.columns);
  const raw = jsonText(entry.raw);
  const { progressPercent } = entry;
  const types = Object.values(table.columns);
  const fields = values.map((value, index) => fieldOf(types[index]?.type ?? 'text', value));
  const row = { head: [jobKey, status, raw], fields };
  const text = rowText([...row.head, ...fields]);
  return {
    key,
    jobKey,
    status,
    values,
    raw,
    text,
    contentHash: hashOf(table.trackedColumns === undefined ? text : listedText(table, row)),
    drift,
    progressPercent: progressPercent === null ? null : wholePercent(progressPercent),
  };
}

/** The text of what the listing itself tells. */
function listedText(
  { columns, trackedColumns }: JobTable,
  row: { readonly head: readonly RowField[]; readonly fields: readonly RowField[] },
): string {
  const names = Object.keys(columns);
  const listed = row.fields.filter((_, index) => trackedColumns?.has(names[index] ?? '') !== true);
  return rowText([...row.head, ...listed]);
}

/** One value for each column, in their order. What its column has no place for is null, and drift. */
export function columnValuesOf(
  columns: JobTable['columns'],
  given: Readonly<Record<string, ColumnValue>>,
): { readonly values: readonly ColumnValue[]; readonly drift: readonly Drift[] } {
  const drift: Drift[] = [];
  const values: ColumnValue[] = [];
  for (const name of Object.keys(columns)) {
    const found = given[name] ?? null;
    const value = found === null ? null : storableColumnValue(columns[name]?.type ?? 'text', found);
    if (value === undefined)
      drift.push({ path: name, kind: 'out_of_range', sample: sampleOf(found) });
    values.push(value ?? null);
  }
  return { values, drift };
}

function wholePercent(percent: number): number | null {
  return percent >= 0 && percent <= 100 ? Math.trunc(percent) : null;
}

/** A rejected entry as every sink stores it, once by its hash. */
export interface RejectedRow {
  readonly reason: string;
  /** JSON text. */
  readonly raw: string;
  readonly contentHash: string;
}

/** The rows of a page's rejected entries, equal ones once, in the order of their hashes. */
export function rejectedRowsOf(rejected: readonly RejectedEntry[]): readonly RejectedRow[] {
  const rows = new Map<string, RejectedRow>();
  for (const entry of rejected) {
    const reason = storableText(entry.reason);
    const raw = jsonText(entry.raw);
    const contentHash = hashOf(`${reason}\n${raw}`);
    rows.set(contentHash, { reason, raw, contentHash });
  }
  return inOrder(rows);
}

/** Drift as every sink stores it: once by path and kind, counted. */
export interface DriftRow extends Drift {
  readonly count: number;
}

const pathLengthMax = 300;

/** The rows of drift, in the order of path and kind, each with its first sample. */
export function driftRowsOf(drift: readonly Drift[]): readonly DriftRow[] {
  const rows = new Map<string, DriftRow>();
  for (const { path: longPath, kind, sample } of drift) {
    const path = storableText(longPath.slice(0, pathLengthMax));
    const id = `${path} ${kind}`;
    const row = rows.get(id) ?? { path, kind, sample: sampleOf(sample), count: 0 };
    rows.set(id, { ...row, count: row.count + 1 });
  }
  return inOrder(rows);
}

/** One order for all writers, so that two of them cannot wait for each other. */
function inOrder<Row>(rows: ReadonlyMap<string, Row>): readonly Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function sampleOf(value: ColumnValue): string {
  return storableText(String(value).slice(0, sampleLengthMax));
}

function hashOf(content: string): string {
  return hash('sha256', content, 'base64url');
}

function checkedKey(table: JobTable, key: string): string {
  if (key.length === 0 || key.length > keyLengthMax) {
    throw new SinkError(
      'bug',
      `an entry for ${table.name} has a key of ${key.length} characters, 1 to ${keyLengthMax} can be stored: ` +
        `its source must reject it (key begins ${JSON.stringify(key.slice(0, 40))})`,
    );
  }
  return storableText(key);
}
