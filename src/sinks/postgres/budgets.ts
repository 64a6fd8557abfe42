import { storableText } from '../../domain/storable.ts';
import { TURN_AHEAD_MS_MAX, type BudgetStore } from '../sink.ts';
import { translated } from './errors.ts';
import type { PrismaClient } from './generated/client.ts';
import type { Database } from './transaction.ts';

/** The budgets of accounts and APIs, shared by every process on the database. */
export function budgetsOf(database: Database, prisma: PrismaClient): BudgetStore {
  const { pool, url } = database;
  return {
    pauseBudget: async ({ account, api, untilMs, reason, nowMs }) =>
      translated(url, async () => {
        // One statement: two workers that are throttled at once must not shorten each other's pause.
        await pool.query(
          `insert into budgets (account, api, paused_until, throttles, reason, updated_at)
           values ($1, $2, $3, 1, $4, $5)
           on conflict (account, api) do update set
             paused_until = greatest(budgets.paused_until, excluded.paused_until),
             throttles = budgets.throttles + 1,
             reason = excluded.reason, updated_at = excluded.updated_at`,
          [account, api, new Date(untilMs), storableText(reason), new Date(nowMs)],
        );
      }),

    budgetOf: async ({ account, api }) =>
      translated(url, async () => {
        const row = await prisma.budget.findUnique({ where: { account_api: { account, api } } });
        return {
          pausedUntilMs: row?.pausedUntil?.getTime() ?? 0,
          throttles: row?.throttles ?? 0,
        };
      }),

    takeTurn: async ({ account, api, intervalMs, nowMs }) =>
      translated(url, async () => {
        // One statement: the row's lock is the queue. A turn far ahead was taken by a clock that is wrong: it is passed over.
        const { rows } = await pool.query<{ turn_at: Date }>(
          `insert into budgets as b (account, api, next_turn_at, updated_at)
           values ($1, $2, $3::timestamptz + $4 * interval '1 millisecond', $3)
           on conflict (account, api) do update set
             next_turn_at = $4 * interval '1 millisecond' + case
               when b.next_turn_at > $3 and b.next_turn_at <= $3::timestamptz + $5 * interval '1 millisecond'
               then b.next_turn_at else $3 end
           returning next_turn_at - $4 * interval '1 millisecond' as turn_at`,
          [account, api, new Date(nowMs), intervalMs, TURN_AHEAD_MS_MAX],
        );
        return Math.max(0, (rows[0]?.turn_at.getTime() ?? nowMs) - nowMs);
      }),

    clearThrottles: async ({ account, api }) =>
      translated(url, async () => {
        // Called after every request that went through: nearly always there is nothing to clear, and nothing is written.
        await prisma.budget.updateMany({
          where: { account, api, throttles: { gt: 0 } },
          data: { throttles: 0 },
        });
      }),
  };
}
