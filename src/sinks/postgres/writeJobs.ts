import type pg from 'pg';
import type { ColumnValue, JobTable } from '../../domain/column.ts';
import type {
  ExistingJob,
  JobInsert,
  JobUpdate,
  MergedJobs,
  StatusChange,
} from '../../domain/mergeJobs.ts';
import { unkeyedNamesOf } from '../../domain/mergeJobs.ts';
import type { DriftRow, JobRow, RejectedRow } from '../jobRow.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import { copyRows } from './copyRows.ts';
import { fieldOf, jobTableSql } from './jobTableSql.ts';

// The hot writes of a page and of a tracked job, each one statement, all inside the caller's transaction.

/** What every write of one transaction shares. */
export interface WriteContext {
  readonly table: JobTable;
  readonly streamId: string;
  readonly nowMs: number;
}

/** The stored rows of these keys, locked until the transaction ends. */
export async function lockExisting(
  client: pg.PoolClient,
  context: Pick<WriteContext, 'table' | 'streamId'>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ExistingJob>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<{
    id: string;
    entry_key: string;
    status: string;
    content_hash: string;
    last_seen_walk_id: string | null;
    is_settled: boolean;
    is_vanished: boolean;
    last_seen_at: Date;
  }>(jobTableSql(context.table).lockByKeys, [context.streamId, arrayLiteral(keys)]);
  return new Map(
    rows.map((row) => [
      row.entry_key,
      {
        id: row.id,
        status: row.status,
        contentHash: row.content_hash,
        isSettled: row.is_settled,
        isVanished: row.is_vanished,
        lastSeenWalkId: row.last_seen_walk_id,
        lastSeenAtMs: row.last_seen_at.getTime(),
      },
    ]),
  );
}

/** The key of the newest job of each name, for the entries that have nothing but their name. Usually there are none. */
export async function latestKeys(
  client: pg.PoolClient,
  context: Pick<WriteContext, 'table' | 'streamId'>,
  incoming: readonly JobRow[],
): Promise<ReadonlyMap<string, string>> {
  const names = incoming.flatMap(({ key, jobKey }) => (key === jobKey ? [jobKey] : []));
  if (names.length === 0) return new Map();
  // job_status_changes_stream_id_job_key_idx: every job has at least the change of its first sight.
  const { rows } = await client.query<{ job_key: string; entry_key: string }>(
    `select distinct on (job_key) job_key, entry_key
     from job_status_changes
     where stream_id = $1 and kind = $2 and job_key = any($3::text[])
     order by job_key, id desc`,
    [context.streamId, context.table.kind, arrayLiteral(names)],
  );
  return new Map(rows.map((row) => [row.job_key, row.entry_key]));
}

/** Adds the rows that an earlier answer could store under their name only, and gives them the key that is now known. */
export async function withUnkeyed(
  client: pg.PoolClient,
  context: Pick<WriteContext, 'table' | 'streamId'>,
  existing: ReadonlyMap<string, ExistingJob>,
  incoming: readonly JobRow[],
): Promise<ReadonlyMap<string, ExistingJob>> {
  const names = unkeyedNamesOf(incoming, existing);
  const found = await lockExisting(client, context, [...names.keys()]);
  if (found.size === 0) return existing;
  const all = new Map(existing);
  for (const [jobKey, row] of found) {
    const key = names.get(jobKey);
    if (key === undefined) continue;
    all.set(key, row);
    await client.query(jobTableSql(context.table).rename, [row.id, key]);
    await client.query(
      `update job_status_changes set entry_key = $4
       where stream_id = $1 and kind = $2 and job_key = $3 and entry_key = $3`,
      [context.streamId, context.table.kind, jobKey, key],
    );
  }
  return all;
}

/**
 * New rows, straight by COPY. No conflict is possible: rows of a stream are inserted only under the lock of its checkpoint,
 * after their keys were found absent.
 */
export async function insertJobs(
  client: pg.PoolClient,
  context: WriteContext & { readonly walkId: string },
  inserts: readonly JobInsert<JobRow>[],
): Promise<void> {
  const now = new Date(context.nowMs).toISOString();
  const types = Object.values(context.table.columns).map(({ type }) => type);
  await copyRows(
    client,
    jobTableSql(context.table).copyIn,
    inserts.map(({ incoming, isTerminal }) => [
      context.streamId,
      incoming.key,
      incoming.jobKey,
      incoming.status,
      now,
      now,
      context.walkId,
      isTerminal ? now : null,
      incoming.contentHash,
      incoming.raw,
      ...incoming.values.map((value, index) => fieldOf(types[index] ?? 'text', value)),
    ]),
  );
}

/** @param context.walkId null outside a walk: the last walk that saw the row stays noted */
export async function updateJobs(
  client: pg.PoolClient,
  context: WriteContext & { readonly walkId: string | null },
  updates: readonly JobUpdate<JobRow>[],
): Promise<void> {
  if (updates.length === 0) return;
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
  await client.query(jobTableSql(context.table).update, [
    `[${records.join(',')}]`,
    new Date(context.nowMs),
    context.walkId,
  ]);
}

export async function markSeen(
  client: pg.PoolClient,
  context: WriteContext & { readonly walkId: string },
  seen: MergedJobs<JobRow>['seen'],
): Promise<void> {
  if (seen.length === 0) return;
  await client.query(jobTableSql(context.table).markSeen, [
    arrayLiteral(seen.map(({ existing }) => existing.id)),
    new Date(context.nowMs),
    context.walkId,
  ]);
}

export async function recordChanges(
  client: pg.PoolClient,
  context: WriteContext,
  changes: readonly StatusChange<JobRow>[],
): Promise<void> {
  const now = new Date(context.nowMs).toISOString();
  await copyRows(
    client,
    `copy job_status_changes (
      kind, stream_id, entry_key, job_key, from_status, to_status, progress, observed_at
    ) from stdin`,
    changes.map(({ incoming, from }) => [
      context.table.kind,
      context.streamId,
      incoming.key,
      incoming.jobKey,
      from,
      incoming.status,
      incoming.progressPercent,
      now,
    ]),
  );
}

/**
 * Each entry once by its content; counted once in each walk, so that a replay changes no row.
 * (jsonb_to_recordset makes an SQL null of a JSON null, hence `coalesce`.)
 */
export async function storeRejected(
  client: pg.PoolClient,
  context: Omit<WriteContext, 'table'> & { readonly walkId: string },
  rows: readonly RejectedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const records = rows.map(
    ({ contentHash, reason, raw }) =>
      `${JSON.stringify({ content_hash: contentHash, reason }).slice(0, -1)},"raw":${raw}}`,
  );
  await client.query(
    `insert into rejected_entries
       (stream_id, content_hash, reason, raw, first_seen_at, last_seen_at, last_walk_id)
     select $1, x.content_hash, x.reason, coalesce(x.raw, 'null'), $3, $3, $4
     from jsonb_to_recordset($2::jsonb) as x(content_hash text, reason text, raw jsonb)
     on conflict (stream_id, content_hash) do update set
       count = rejected_entries.count + 1,
       last_seen_at = excluded.last_seen_at, last_walk_id = excluded.last_walk_id
     where rejected_entries.last_walk_id <> excluded.last_walk_id`,
    [context.streamId, `[${records.join(',')}]`, new Date(context.nowMs), context.walkId],
  );
}

export async function storeDrift(
  client: pg.PoolClient,
  context: Omit<WriteContext, 'table'>,
  rows: readonly DriftRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `insert into drift_reports (stream_id, path, kind, sample, count, first_seen_at, last_seen_at)
     select $1, x.path, x.kind, x.sample, x.count, $3, $3
     from jsonb_to_recordset($2::jsonb) as x(path text, kind text, sample text, count bigint)
     on conflict (stream_id, path, kind) do update set
       count = drift_reports.count + excluded.count, last_seen_at = excluded.last_seen_at`,
    [context.streamId, JSON.stringify(rows), new Date(context.nowMs)],
  );
}
