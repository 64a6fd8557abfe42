import type { FileTable } from '../../domain/column.ts';
import { quoted } from './quoted.ts';

/** The statements on one table of files and its rows. Built once from the constants of the code, never from input. */
export interface FileTableSql {
  /** $1 stream, $2 key, $3 sha256: this very file. */
  readonly find: string;
  readonly nextId: string;
  readonly copyRows: string;
  /** $1 to $8: id, stream, key, sha256, bytes, count, time, raw; then the source's columns. */
  readonly insert: string;
  /** $1 id, $2 time: it was found again, and is the latest of its key. */
  readonly see: string;
  /** $1 stream, $2 key, $3 the latest, $4 time. */
  readonly supersedeOthers: string;
}

const built = new WeakMap<FileTable, FileTableSql>();

export function fileTableSql(table: FileTable): FileTableSql {
  const known = built.get(table);
  if (known !== undefined) return known;
  const sql = build(table);
  built.set(table, sql);
  return sql;
}

function build({ name, keyColumn, countColumn, columns, rows }: FileTable): FileTableSql {
  const files = quoted(name);
  const key = quoted(keyColumn);
  const own = Object.keys(columns).map(quoted);
  const rowColumns = Object.keys(rows.columns).map(quoted);
  return {
    // The unique key (stream_id, key, sha256).
    find: `select id, superseded_at is null as is_latest from ${files}
       where stream_id = $1 and ${key} = $2 and sha256 = $3`,
    nextId: `select nextval(pg_get_serial_sequence('public.${name}', 'id')) as id`,
    copyRows: `copy ${quoted(rows.name)} (${[quoted(rows.fileColumn), ...rowColumns].join(', ')}) from stdin`,
    insert: `insert into ${files}
         (id, stream_id, ${key}, sha256, bytes, ${quoted(countColumn)}, downloaded_at, last_seen_at, raw
          ${own.map((column) => `, ${column}`).join('')})
       values ($1, $2, $3, $4, $5, $6, $7, $7, $8::jsonb
          ${own.map((_, index) => `, $${index + 9}`).join('')})`,
    see: `update ${files} set last_seen_at = $2, superseded_at = null where id = $1`,
    supersedeOthers: `update ${files} set superseded_at = $4
       where stream_id = $1 and ${key} = $2 and id <> $3 and superseded_at is null`,
  };
}
