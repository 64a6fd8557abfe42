import type { OperationsStore, RequestCount } from '../sink.ts';
import { translated } from './errors.ts';
import type { PrismaClient } from './generated/client.ts';
import { readStreamStatuses } from './streamStatuses.ts';
import type { Database } from './transaction.ts';

/** What operators and dashboards ask, and the counters and heartbeats behind it. */
export function operationsOf(database: Database, prisma: PrismaClient): OperationsStore {
  const { pool, url } = database;
  return {
    streamStatuses: async (query) =>
      translated(url, async () => readStreamStatuses(pool, prisma, query)),

    addRequestCounts: async (counts) =>
      translated(url, async () => {
        if (counts.length === 0) return;
        // Summed and in one order: `on conflict` meets no row twice, and two writers never wait in a circle.
        await pool.query(
          `insert into request_counts (account, api, status, outcome, count)
           select x.account, x.api, x.status, x.outcome, sum(x.count)
           from jsonb_to_recordset($1::jsonb) as x(
             account text, api text, status text, outcome text, count bigint
           )
           group by x.account, x.api, x.status, x.outcome
           order by x.account, x.api, x.status, x.outcome
           on conflict (account, api, status, outcome) do update set
             count = request_counts.count + excluded.count`,
          [JSON.stringify(counts)],
        );
      }),

    requestCounts: async () =>
      translated(url, async () => {
        const rows = await prisma.requestCount.findMany({
          orderBy: [{ account: 'asc' }, { api: 'asc' }, { status: 'asc' }, { outcome: 'asc' }],
        });
        return rows.map((row): RequestCount => ({ ...row, count: Number(row.count) }));
      }),

    beat: async (name, nowMs) =>
      translated(url, async () => {
        const beatAt = new Date(nowMs);
        await prisma.heartbeat.upsert({
          where: { name },
          create: { name, beatAt },
          update: { beatAt },
        });
      }),

    lastBeatMs: async (name) =>
      translated(url, async () => {
        const row = await prisma.heartbeat.findUnique({ where: { name } });
        return row?.beatAt.getTime() ?? null;
      }),

    ping: async () =>
      translated(url, async () => {
        await pool.query('select 1');
      }),
  };
}
