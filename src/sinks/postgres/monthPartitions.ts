import { monthStartMs, nextMonthMs } from '../../domain/month.ts';
import { quoted } from './quoted.ts';
import type { Database } from './transaction.ts';
import { inTransaction } from './transaction.ts';

/** A table by month of its column logged_at, with a default partition of its name. */
interface MonthlyTable {
  readonly name: string;
  readonly monthly: boolean;
}

/** Makes monthly partitions before rows are written. One per process: it remembers what is there. */
export interface MonthPartitions {
  /** Makes the partitions of these months (epoch milliseconds of any moment in them) that are missing and sensible. */
  ensure(table: MonthlyTable, monthsMs: Iterable<number>): Promise<void>;
  /** Takes back that these months are there. */
  forget(table: MonthlyTable, monthsMs: Iterable<number>): void;
}

const sensibleFromMs = Date.UTC(2000, 0);
const sensibleUntilMs = Date.UTC(2100, 0);

/** Times outside the years 2000 to 2099 are mistakes: they stay in the default partition, or a bad clock could make thousands. */
export function createMonthPartitions(database: Database): MonthPartitions {
  const known = new Set<string>();
  return {
    ensure: async (table, monthsMs) => {
      if (!table.monthly) return;
      const starts = new Set([...monthsMs].map(monthStartMs));
      for (const startMs of [...starts].sort((a, b) => a - b)) {
        const name = partitionName(table, startMs);
        const isSensible = startMs >= sensibleFromMs && startMs < sensibleUntilMs;
        if (!isSensible || known.has(name)) continue;
        await makePartition(database, table, startMs);
        known.add(name);
      }
    },
    forget: (table, monthsMs) => {
      for (const monthMs of monthsMs) known.delete(partitionName(table, monthMs));
    },
  };
}

/** `project_logs_2026_11`; in schema `partitions`. */
function partitionName(table: MonthlyTable, startMs: number): string {
  return `${table.name}_${new Date(startMs).toISOString().slice(0, 7).replace('-', '_')}`;
}

/**
 * Makes one partition, with the rows that came before it. Attached, not created in place: that would lock out every reader
 * of the whole table, this only those of the default partition.
 */
async function makePartition(
  database: Database,
  table: MonthlyTable,
  startMs: number,
): Promise<void> {
  const parent = `public.${quoted(table.name)}`;
  const fallback = `partitions.${quoted(`${table.name}_default`)}`;
  const partition = `partitions.${quoted(partitionName(table, startMs))}`;
  const from = new Date(startMs).toISOString();
  const to = new Date(nextMonthMs(startMs)).toISOString();
  await inTransaction(database, async (client) => {
    // Two processes that meet a new month at once: the second finds the first one's work.
    await client.query(`select pg_advisory_xact_lock(hashtext('logferry'), hashtext($1))`, [
      table.name,
    ]);
    const { rows } = await client.query<{ found: boolean }>(
      `select to_regclass($1) is not null as found`,
      [partition],
    );
    if (rows[0]?.found === true) return;
    await client.query(`create table ${partition} (like ${parent} including all)`);
    await client.query(`comment on table ${partition} is 'One month of ${table.name}.'`);
    await client.query(`lock table ${fallback} in access exclusive mode`);
    await client.query(
      `with moved as (delete from ${fallback} where logged_at >= $1 and logged_at < $2 returning *)
       insert into ${partition} select * from moved`,
      [from, to],
    );
    // Times come from Date.toISOString alone.
    await client.query(
      `alter table ${parent} attach partition ${partition} for values from ('${from}') to ('${to}')`,
    );
  });
}
