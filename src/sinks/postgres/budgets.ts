import { storableText } from '../../domain/storable.ts';
import type { BudgetStore } from '../sink.ts';
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
