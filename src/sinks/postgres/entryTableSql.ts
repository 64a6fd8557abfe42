import type { EntryTable } from '../../domain/column.ts';
import { quoted } from './quoted.ts';

/** The statements on one table of log entries. Built once from the constants of the code, never from input. */
export interface EntryTableSql {
  /** $1 stream, $2 keys, $3 their times (monthly tables only). Answers the places in the lists, from 1, that are not stored. */
  readonly unstored: string;
  /** A table of this connection alone, for the rows of one append until they are committed. */
  readonly createStage: string;
  readonly emptyStage: string;
  /** Fields: stream, key, first_seen_at, document, then the columns. */
  readonly copyToStage: string;
  /** Stores what the stage holds. What another walker has stored meanwhile is left as it is. */
  readonly storeStage: string;
  /** $1 stream, $2 time, $3 keys of the latest reading, $4 now. null for a table without snapshots. */
  readonly supersede: string | null;
}

const built = new WeakMap<EntryTable, EntryTableSql>();

export function entryTableSql(table: EntryTable): EntryTableSql {
  const known = built.get(table);
  if (known !== undefined) return known;
  const sql = build(table);
  built.set(table, sql);
  return sql;
}

/** Columns that the sink itself adds to every table of entries. */
const ownColumns = ['stream_id', 'entry_key', 'first_seen_at'];

function build(table: EntryTable): EntryTableSql {
  const names = Object.keys(table.columns);
  const own = [...ownColumns, table.document];
  const clash = names.find((name) => own.includes(name) || name === 'superseded_at');
  if (clash !== undefined)
    throw new TypeError(`${table.name}.${clash} is a column of the sink's own`);
  const t = `public.${quoted(table.name)}`;
  const stage = `pg_temp.${quoted(`stage_${table.name}`)}`;
  const columns = [...own, ...names].map(quoted).join(', ');
  return {
    // The primary key. Entries come and go by batches of thousands: one array for each column, not one query a row.
    unstored: table.monthly
      ? `select x.place::integer
         from unnest($2::uuid[], $3::timestamptz[]) with ordinality as x(entry_key, logged_at, place)
         where not exists (
           select from ${t} t
           where t.stream_id = $1 and t.logged_at = x.logged_at and t.entry_key = x.entry_key
         )`
      : `select x.place::integer
         from unnest($2::uuid[]) with ordinality as x(entry_key, place)
         where not exists (select from ${t} t where t.stream_id = $1 and t.entry_key = x.entry_key)`,
    createStage: `create temporary table if not exists ${quoted(`stage_${table.name}`)} as select ${columns} from ${t} with no data`,
    emptyStage: `truncate ${stage}`,
    copyToStage: `copy ${stage} (${columns}) from stdin`,
    storeStage: `insert into ${t} (${columns}) select ${columns} from ${stage} on conflict do nothing`,
    supersede: table.snapshots
      ? `update ${t} set superseded_at = case when entry_key = any($3::uuid[]) then null else $4::timestamptz end
         where stream_id = $1 and logged_at = $2
           and (superseded_at is null) <> (entry_key = any($3::uuid[]))`
      : null,
  };
}
