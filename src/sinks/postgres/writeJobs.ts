import type pg from 'pg';
import type { ColumnValue, JobTable } from '../../domain/column.ts';
import type { ExistingJob, JobUpdate, MergedJobs, StatusChange } from '../../domain/mergeJobs.ts';
import { unkeyedNamesOf, withKnownKeys } from '../../domain/mergeJobs.ts';
import type { DriftRow, JobRow, RejectedRow } from '../jobRow.ts';
import { fieldOf, rowText, timeText } from '../rowText.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import { copyLine } from './copyText.ts';
import { inOneFlight } from './flight.ts';
import type { Step, StepResult } from './flight.ts';
import { jobTableSql } from './jobTableSql.ts';

// The hot statements of a page and of a tracked job: data for `inOneFlight`, all inside the caller's transaction.
// What has nothing to write is no step at all.

/** What every write of one transaction shares. */
export interface WriteContext {
  readonly table: JobTable;
  readonly streamId: string;
  readonly nowMs: number;
}

/** Finds the stored rows of these keys, locked until the transaction ends; `existingOf` reads them. */
export function lockStep(
  { table, streamId }: Pick<WriteContext, 'table' | 'streamId'>,
  keys: readonly string[],
): Step {
  return { text: jobTableSql(table).lockByKeys, values: [streamId, arrayLiteral(keys)] };
}

/** The rows that a `lockStep` has found, by entry key. */
export function existingOf(locked: StepResult | undefined): ReadonlyMap<string, ExistingJob> {
  return new Map(
    (locked?.rows ?? []).map((row) => [
      row['entry_key'] ?? '',
      {
        id: row['id'] ?? '',
        status: row['status'] ?? '',
        contentHash: row['content_hash'] ?? '',
        isSettled: row['is_settled'] === 't',
        isVanished: row['is_vanished'] === 't',
        lastSeenWalkId: row['last_seen_walk_id'] ?? null,
        lastSeenAtMs: Number(row['last_seen_ms']),
      },
    ]),
  );
}

/** The entries of a page under the keys they have in the table, with the rows that are stored of them. */
export interface KnownJobs {
  readonly incoming: readonly JobRow[];
  readonly existing: ReadonlyMap<string, ExistingJob>;
}

/** Every key under which an entry of the page may be stored: for the page's `lockStep`. */
export function keysOf(rows: readonly JobRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ key, jobKey }) => [key, jobKey]))];
}

/**
 * Puts what is stored of a page under the right keys. Entries whose answer left out what tells jobs of one name apart find the
 * newest row of their name; rows that were stored from such an answer get the key that is now known.
 * @param locked the stored rows among `keysOf(given)`
 */
export async function matchKnown(
  client: pg.PoolClient,
  context: Pick<WriteContext, 'table' | 'streamId'>,
  { given, locked }: { readonly given: readonly JobRow[]; readonly locked: KnownJobs['existing'] },
): Promise<KnownJobs> {
  const bare = given.filter(({ key, jobKey }) => key === jobKey && !locked.has(key));
  const incoming = bare.length === 0 ? given : withKnownKeys(given, await latestOf(bare));
  const renamed = incoming.flatMap(({ key }) => (locked.has(key) ? [] : [key]));
  const more =
    bare.length === 0
      ? []
      : existingOf((await inOneFlight(client, [lockStep(context, renamed)]))[0]);
  const existing = new Map([...locked, ...more]);
  for (const [name, key] of unkeyedNamesOf(incoming, existing)) {
    const row = existing.get(name);
    if (row === undefined) continue;
    existing.set(key, row);
    await client.query(jobTableSql(context.table).rename, [row.id, key]);
    await client.query(
      `update job_status_changes set entry_key = $4
       where stream_id = $1 and kind = $2 and job_key = $3 and entry_key = $3`,
      [context.streamId, context.table.kind, name, key],
    );
  }
  return { incoming, existing };

  async function latestOf(unknown: readonly JobRow[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await client.query<{ job_key: string; entry_key: string }>(
      jobTableSql(context.table).latestKeys,
      [context.streamId, arrayLiteral(unknown.map(({ jobKey }) => jobKey))],
    );
    return new Map(rows.map((row) => [row.job_key, row.entry_key]));
  }
}

/**
 * The line of a new row for COPY. Written while the page waits for its turn, so that the transaction itself is short.
 * @param context.walkId null outside a walk: no walk has seen the row
 */
export function insertLine(
  context: WriteContext & { readonly walkId: string | null },
  row: JobRow,
  settling: ReadonlySet<string>,
): string {
  const { streamId, walkId, nowMs } = context;
  const now = timeText(nowMs);
  const settled = settling.has(row.status) ? now : null;
  return `${rowText([streamId, row.key, now, now, walkId, settled, row.contentHash])}\t${row.text}\n`;
}

/**
 * New rows, straight by COPY. No conflict is possible: rows of a stream are inserted only under the lock of its checkpoint,
 * after their keys were found absent.
 */
export function insertSteps(table: JobTable, lines: readonly string[]): readonly Step[] {
  if (lines.length === 0) return [];
  return [{ text: jobTableSql(table).copyIn, lines }];
}

/** @param context.walkId null outside a walk: the last walk that saw the row stays noted */
export function updateSteps(
  context: WriteContext & { readonly walkId: string | null },
  updates: readonly JobUpdate<JobRow>[],
): readonly Step[] {
  if (updates.length === 0) return [];
  const columns = Object.entries(context.table.columns);
  const records = updates.map(({ existing, incoming, settles }) => {
    const { jobKey, status, contentHash, values, raw } = incoming;
    const record: Record<string, ColumnValue> = {
      id: existing.id,
      job_key: jobKey,
      status,
      settles,
    };
    record['content_hash'] = contentHash;
    for (const [index, [name, { type }]] of columns.entries()) {
      record[name] = fieldOf(type, values[index] ?? null);
    }
    // `raw` goes in as the text it is: parsing it here would lose the digits it kept.
    return `${JSON.stringify(record).slice(0, -1)},"raw":${raw}}`;
  });
  const values = [`[${records.join(',')}]`, new Date(context.nowMs), context.walkId];
  return [{ text: jobTableSql(context.table).update, values }];
}

export function seenSteps(
  context: WriteContext & { readonly walkId: string },
  seen: MergedJobs<JobRow>['seen'],
): readonly Step[] {
  if (seen.length === 0) return [];
  const ids = arrayLiteral(seen.map(({ existing }) => existing.id));
  const values = [ids, new Date(context.nowMs), context.walkId];
  return [{ text: jobTableSql(context.table).markSeen, values }];
}

export function changeSteps(
  context: WriteContext,
  changes: readonly StatusChange<JobRow>[],
): readonly Step[] {
  if (changes.length === 0) return [];
  const now = timeText(context.nowMs);
  const lines = changes.map(({ incoming, from }) =>
    copyLine([
      ...[context.table.kind, context.streamId, incoming.key, incoming.jobKey],
      ...[from, incoming.status, incoming.progressPercent, now],
    ]),
  );
  return [
    {
      text: `copy job_status_changes (
        kind, stream_id, entry_key, job_key, from_status, to_status, progress, observed_at
      ) from stdin`,
      lines,
    },
  ];
}

/**
 * Each entry once by its content; counted once in each walk, so that a replay changes no row. What belongs to no walk
 * (`walkId` null: a record of a file) is counted once.
 * (jsonb_to_recordset makes an SQL null of a JSON null, hence `coalesce`.)
 */
export function rejectedSteps(
  context: Omit<WriteContext, 'table'> & { readonly walkId: string | null },
  rows: readonly RejectedRow[],
): readonly Step[] {
  if (rows.length === 0) return [];
  const records = rows.map(
    ({ contentHash, reason, raw }) =>
      `${JSON.stringify({ content_hash: contentHash, reason }).slice(0, -1)},"raw":${raw}}`,
  );
  return [
    {
      text: `
        insert into rejected_entries
          (stream_id, content_hash, reason, raw, first_seen_at, last_seen_at, last_walk_id)
        select $1, x.content_hash, x.reason, coalesce(x.raw, 'null'), $3, $3, $4
        from jsonb_to_recordset($2::jsonb) as x(content_hash text, reason text, raw jsonb)
        on conflict (stream_id, content_hash) do update set
          count = rejected_entries.count + 1,
          last_seen_at = excluded.last_seen_at, last_walk_id = excluded.last_walk_id
        where rejected_entries.last_walk_id <> excluded.last_walk_id`,
      values: [
        ...[context.streamId, `[${records.join(',')}]`, new Date(context.nowMs), context.walkId],
      ],
    },
  ];
}

export function driftSteps(
  context: Omit<WriteContext, 'table'>,
  rows: readonly DriftRow[],
): readonly Step[] {
  if (rows.length === 0) return [];
  return [
    {
      text: `
        insert into drift_reports (stream_id, path, kind, sample, count, first_seen_at, last_seen_at)
        select $1, x.path, x.kind, x.sample, x.count, $3, $3
        from jsonb_to_recordset($2::jsonb) as x(path text, kind text, sample text, count bigint)
        on conflict (stream_id, path, kind) do update set
          count = drift_reports.count + excluded.count, last_seen_at = excluded.last_seen_at`,
      values: [context.streamId, JSON.stringify(rows), new Date(context.nowMs)],
    },
  ];
}
