import type { JobTable } from '../../domain/column.ts';
import { quoted } from './quoted.ts';

/** The statements on one job table. Built once from the constants of the code, never from input. */
export interface JobTableSql {
  /** $1 stream, $2 entry keys. Locks what it finds, in the order of ids: two transactions cannot wait for each other. */
  readonly lockByKeys: string;
  /** $1 stream, $2 job keys. The newest row of each name; no index, asked for hardly ever. */
  readonly latestKeys: string;
  /** Fields as `insertLine` gives them. */
  readonly copyIn: string;
  /** $1 JSON array of rows as `updateRecord` gives them, $2 now, $3 walk or null to keep the last one. */
  readonly update: string;
  /** $1 ids, $2 now, $3 walk. Touches no index. */
  readonly markSeen: string;
  /** $1 id, $2 entry key. */
  readonly rename: string;
  /** $1 stream, $2 entry key. */
  readonly read: string;
  /** $1 stream, $2 entry key, $3 now. */
  readonly markVanished: string;
  /** $1 stream, $2 walk, $3 now: what this walk has not seen. */
  readonly markUnseenVanished: string;
  /** $1 stream, $2 id to start after, $3 limit. */
  readonly open: string;
}

/** Columns that the sink itself adds to every job table. */
const ownColumns = new Set([
  ...['id', 'stream_id', 'entry_key', 'job_key', 'status', 'first_seen_at', 'last_seen_at'],
  ...['last_seen_walk_id', 'settled_at', 'vanished_at', 'content_hash', 'raw'],
]);

const built = new WeakMap<JobTable, JobTableSql>();

export function jobTableSql(table: JobTable): JobTableSql {
  const known = built.get(table);
  if (known !== undefined) return known;
  const sql = build(table);
  built.set(table, sql);
  return sql;
}

function build(table: JobTable): JobTableSql {
  const names = Object.keys(table.columns);
  const clash = names.find((name) => ownColumns.has(name));
  if (clash !== undefined)
    throw new TypeError(`${table.name}.${clash} is a column of the sink's own`);
  const t = quoted(table.name);
  const columns = names.map(quoted);
  const progress = names.includes('progress') ? 'progress' : 'null::integer';
  return {
    // download_jobs_stream_id_entry_key_key. `no key update`: does not block inserts that refer to the row.
    lockByKeys: `
      select
        id, entry_key, status, content_hash, last_seen_walk_id,
        settled_at is not null as is_settled, vanished_at is not null as is_vanished,
        floor(extract(epoch from last_seen_at) * 1000) as last_seen_ms
      from ${t}
      where stream_id = $1 and entry_key = any($2::text[])
      order by id
      for no key update`,
    latestKeys: `
      select distinct on (job_key) job_key, entry_key
      from ${t}
      where stream_id = $1 and job_key = any($2::text[])
      order by job_key, id desc`,
    copyIn: `copy ${t} (${[...leadingColumns, ...columns].join(', ')}) from stdin`,
    update: `
      update ${t} as t set
        job_key = x.job_key, status = x.status, content_hash = x.content_hash,
        raw = coalesce(x.raw, 'null'),
        ${names.map((name) => `${updated(table, name)},`).join(' ')}
        last_seen_at = $2, last_seen_walk_id = coalesce($3, t.last_seen_walk_id), vanished_at = null,
        settled_at = case when x.settles then $2 else t.settled_at end
      from jsonb_to_recordset($1::jsonb) as x(
        id bigint, job_key text, status text, content_hash text, raw jsonb, settles boolean
        ${names.map((name) => `, ${quoted(name)} ${recordType(table, name)}`).join('')}
      )
      where t.id = x.id`,
    markSeen: `
      update ${t} set last_seen_at = $2, last_seen_walk_id = $3, vanished_at = null
      where id = any($1::bigint[])`,
    rename: `update ${t} set entry_key = $2 where id = $1`,
    read: `
      select
        t.entry_key, t.job_key, t.status, ${progress} as progress,
        t.first_seen_at, t.settled_at, t.vanished_at,
        coalesce(changed.observed_at, t.first_seen_at) as status_since
      from ${t} as t
      left join lateral (
        select c.observed_at
        from job_status_changes c
        where c.stream_id = t.stream_id and c.job_key = t.job_key
          and c.entry_key = t.entry_key and c.kind = '${table.kind}'
        order by c.id desc
        limit 1
      ) changed on true
      where t.stream_id = $1 and t.entry_key = $2`,
    markVanished: `
      update ${t} set vanished_at = $3
      where stream_id = $1 and entry_key = $2 and vanished_at is null`,
    // A row that no walk has ever seen (null) stays: it was not there to be listed.
    markUnseenVanished: `
      update ${t} set vanished_at = $3
      where stream_id = $1 and vanished_at is null and last_seen_walk_id <> $2`,
    // download_jobs_open_idx
    open: `
      select id, entry_key
      from ${t}
      where stream_id = $1 and settled_at is null and vanished_at is null and id > $2
      order by id
      limit $3`,
  };
}

/** `jsonb` comes as text, as COPY takes it: in a record it would be one string. */
function recordType(table: JobTable, name: string): string {
  const type = table.columns[name]?.type ?? 'text';
  return type === 'jsonb' ? 'text' : type;
}

function updated(table: JobTable, name: string): string {
  const column = quoted(name);
  const cast = table.columns[name]?.type === 'jsonb' ? '::jsonb' : '';
  return table.trackedColumns?.has(name) === true
    ? `${column} = coalesce(x.${column}${cast}, t.${column})`
    : `${column} = x.${column}${cast}`;
}

const leadingColumns = [
  ...['stream_id', 'entry_key', 'first_seen_at', 'last_seen_at', 'last_seen_walk_id'],
  ...['settled_at', 'content_hash'],
  // What a JobRow's text begins with; the source's columns follow.
  ...['job_key', 'status', 'raw'],
];
