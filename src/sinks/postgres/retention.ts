import type { EntryTable } from '../../domain/column.ts';
import { monthStartMs, nextMonthMs } from '../../domain/month.ts';
import type { EntrySink } from '../entrySink.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import type { MonthPartitions } from './monthPartitions.ts';
import { quoted } from './quoted.ts';
import type { Database } from './transaction.ts';
import { inTransaction } from './transaction.ts';
import { translated } from './errors.ts';

type Upkeep = Parameters<EntrySink['keepMonths']>[0];

/** Months made ahead of now. A daemon that was off for two months finds the next one missing, and makes it when it is written. */
const monthsAhead = 2;
/** Rows deleted in one statement, so that none of them holds locks for long; the next upkeep goes on. */
const deleteMax = 50_000;

/** See EntrySink.keepMonths. */
export async function keepMonths(
  { database, partitions }: { readonly database: Database; readonly partitions: MonthPartitions },
  upkeep: Upkeep,
): Promise<{ readonly dropped: number; readonly deleted: number }> {
  const { table, nowMs } = upkeep;
  const months = [monthStartMs(nowMs)];
  for (let ahead = 0; ahead < monthsAhead; ahead += 1)
    months.push(nextMonthMs(months.at(-1) ?? nowMs));
  await partitions.ensure(table, [...months, ...(await strayMonths(database, table))]);
  const dropped = await dropMonths(database, upkeep);
  partitions.forget(table, dropped);
  let deleted = 0;
  for (const [streamId, retentionMs] of upkeep.retentionMs) {
    deleted += await deleteOlder(database, table, { streamId, beforeMs: nowMs - retentionMs });
  }
  return { dropped: dropped.length, deleted };
}

/** Months of rows that came before their partition: clocks ahead of time, whose time has come. */
async function strayMonths(database: Database, table: EntryTable): Promise<readonly number[]> {
  return translated(database.url, async () => {
    const { rows } = await database.pool.query<{ month: Date }>(
      `select distinct date_trunc('month', logged_at, 'UTC') as month
       from partitions.${quoted(`${table.name}_default`)}
       where logged_at >= '2000-01-01Z' and logged_at < '2100-01-01Z'`,
    );
    return rows.map(({ month }) => month.getTime());
  });
}

/** Drops the months in which every stream that has rows there is past its retention. Answers their first moments. */
async function dropMonths(database: Database, upkeep: Upkeep): Promise<readonly number[]> {
  const { table, nowMs, retentionMs } = upkeep;
  if (retentionMs.size === 0) return [];
  const found = await translated(database.url, () =>
    database.pool.query<{ name: string; month: string }>(
      `select c.relname as name, right(c.relname, 7) as month
       from pg_inherits i
       join pg_class c on c.oid = i.inhrelid
       where i.inhparent = to_regclass($1) and c.relname ~ '_\\d{4}_\\d{2}$'
       order by c.relname`,
      [`public.${quoted(table.name)}`],
    ),
  );
  const dropped: number[] = [];
  for (const { name, month } of found.rows) {
    const startMs = Date.parse(`${month.replace('_', '-')}-01T00:00:00Z`);
    const past = [...retentionMs].filter(([, ms]) => nextMonthMs(startMs) <= nowMs - ms);
    if (past.length === 0) continue;
    const partition = `partitions.${quoted(name)}`;
    const isDropped = await inTransaction(database, async (client) => {
      const kept = await client.query(
        `select from ${partition} where stream_id <> all($1::bigint[]) limit 1`,
        [arrayLiteral(past.map(([streamId]) => streamId))],
      );
      if (kept.rowCount !== 0) return false;
      await client.query(`drop table ${partition}`);
      return true;
    });
    if (isDropped) dropped.push(startMs);
  }
  return dropped;
}

async function deleteOlder(
  database: Database,
  table: EntryTable,
  what: { readonly streamId: string; readonly beforeMs: number },
): Promise<number> {
  return translated(database.url, async () => {
    // The primary key: stream, then time.
    const { rowCount } = await database.pool.query(
      `delete from public.${quoted(table.name)} t
       using (
         select logged_at, entry_key from public.${quoted(table.name)}
         where stream_id = $1 and logged_at < $2
         limit ${deleteMax}
       ) old
       where t.stream_id = $1 and t.logged_at = old.logged_at and t.entry_key = old.entry_key`,
      [what.streamId, new Date(what.beforeMs)],
    );
    return rowCount ?? 0;
  });
}
