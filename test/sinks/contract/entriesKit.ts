import type { EntryTable } from '../../../src/domain/column.ts';
import type { LogEntry } from '../../../src/domain/entry.ts';
import type {
  EntryAppend,
  EntryBatch,
  EntryFinish,
  EntryOutcome,
} from '../../../src/sinks/entrySink.ts';
import type { Sink, WalkRef } from '../../../src/sinks/sink.ts';

export const plain: EntryTable = {
  name: 'test_lines',
  columns: { message: { type: 'text' }, line_no: { type: 'integer' }, bytes: { type: 'bigint' } },
  document: 'raw',
  monthly: false,
  snapshots: false,
};

export const monthly: EntryTable = {
  name: 'test_months',
  columns: { logged_at: { type: 'timestamptz' }, message: { type: 'text' } },
  document: 'content',
  monthly: true,
  snapshots: true,
};

/** The two tables, for sinks that need them made. */
export const entryTablesSql = `
  create table test_lines (
    stream_id bigint not null, entry_key uuid not null, first_seen_at timestamptz(3) not null,
    raw jsonb not null, message text, line_no integer, bytes bigint,
    primary key (stream_id, entry_key)
  );
  create table test_months (
    stream_id bigint not null, entry_key uuid not null, first_seen_at timestamptz(3) not null,
    content jsonb not null, logged_at timestamptz(3) not null, message text,
    superseded_at timestamptz(3), primary key (stream_id, logged_at, entry_key)
  ) partition by range (logged_at);
  create table partitions.test_months_default partition of test_months default;`;

export const november = Date.UTC(2026, 10, 23);

export function keyOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}

export function line(number: number, more: Partial<LogEntry> = {}): LogEntry {
  return {
    key: keyOf(number),
    columns: { message: `line ${number}`, line_no: number },
    raw: {},
    ...more,
  };
}

export function logged(number: number, loggedAtMs = november): LogEntry {
  return line(number, { columns: { message: `line ${number}`, logged_at: loggedAtMs } });
}

export function batch(entries: readonly LogEntry[], more: Partial<EntryBatch> = {}): EntryBatch {
  return { entries, rejected: [], drift: [], ...more };
}

export function append(
  walk: WalkRef,
  batches: EntryAppend['batches'],
  more: Partial<EntryAppend> & { readonly ends?: Partial<EntryFinish> } = {},
): EntryAppend {
  const { ends, ...rest } = more;
  return {
    ...{ streamId: walk.streamId, table: plain, batches, nowMs: 11_000 },
    finish: () => ({ walk, state: null, cost: { requests: 1 }, ...ends }),
    ...rest,
  };
}

export async function store(
  sink: Sink,
  given: EntryAppend,
): Promise<Extract<EntryOutcome, { kind: 'stored' }>> {
  const outcome = await sink.appendEntries(given);
  if (outcome.kind !== 'stored') throw new Error(`the entries were ${outcome.kind}`);
  return outcome;
}
