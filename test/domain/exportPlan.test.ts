import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planExport, restMs, type OrderState } from '../../src/domain/exportPlan.ts';

const dayMs = 86_400_000;
const hour = 3_600_000;
const windows = { everyMs: dayMs, startMs: 0, utcOffsetMinutes: 0, settleMs: 0 };
const nowMs = 30 * dayMs;

function order(day: number, state: OrderState, more: { attempt?: number; sinceMs?: number } = {}) {
  const range = { fromMs: day * dayMs, toMs: (day + 1) * dayMs };
  return { ...range, attempt: 1, sinceMs: 0, state, ...more };
}

function plan(
  orders: readonly ReturnType<typeof order>[],
  settings: { retries?: number; parallel?: number } = {},
) {
  const ordered = orders.map(({ fromMs, toMs }) => ({ fromMs, toMs }));
  return planExport(
    { ...windows, retries: 2, parallel: 1, ...settings },
    { orders, ordered, nowMs },
  );
}

const days = (ranges: readonly { readonly fromMs: number }[]) =>
  ranges.map(({ fromMs }) => fromMs / dayMs);

describe('the plan of a scheduled export', () => {
  it('catches up with missed days one after another, oldest first', () => {
    expect(days(plan([]).windows)).toEqual([0]);
    expect(days(plan([order(0, 'open')]).windows)).toEqual([]);
    expect(days(plan([order(0, 'succeeded')]).windows)).toEqual([1]);
  });

  it('never has more under way than it may', () => {
    const states = fc.constantFrom<OrderState>('open', 'succeeded', 'failed', 'refused', 'gone');
    const orders = fc.uniqueArray(
      fc.record({
        day: fc.integer({ min: 0, max: 20 }),
        state: states,
        attempt: fc.integer({ min: 1, max: 4 }),
        sinceMs: fc.constantFrom(0, nowMs - 30_000),
      }),
      { selector: ({ day }) => day },
    );
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 4 }), (given, parallel) => {
        const known = given.map(({ day, state, ...more }) => order(day, state, more));
        const next = plan(known, { parallel });
        const open = known.filter(({ state }) => state === 'open').length;
        const begun = next.again.length + next.windows.length;
        expect(begun).toBeLessThanOrEqual(Math.max(0, parallel - open));
        // Each order is looked after in one way at most.
        const named = [...next.done, ...next.givenUp, ...next.again];
        expect(new Set(named).size).toBe(named.length);
      }),
    );
  });

  it('orders a failed day again after a rest, before new ones', () => {
    const failed = order(0, 'failed', { sinceMs: nowMs - 59_999 });
    expect(plan([failed]).again).toEqual([]);
    expect(days(plan([failed]).windows)).toEqual([1]);
    const rested = { ...failed, sinceMs: nowMs - 60_000 };
    expect(plan([rested])).toMatchObject({ again: [rested], windows: [] });
  });

  it('rests longer after each attempt, six hours at most', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => restMs(attempt) / 60_000)).toEqual([
      ...[1, 4, 16, 64, 256, 360, 360],
    ]);
  });

  it('counts the latest attempt of a day only', () => {
    const first = order(0, 'failed');
    const second = order(0, 'open', { attempt: 2 });
    expect(plan([first, second])).toEqual({ done: [], givenUp: [], again: [], windows: [] });
  });

  it('gives a day up after its last attempt, and one whose job was deleted at once, and goes on', () => {
    const tried = order(0, 'failed', { attempt: 3 });
    const gone = order(1, 'gone');
    expect(plan([tried, gone]).givenUp).toEqual([tried, gone]);
    expect(days(plan([tried, gone]).windows)).toEqual([2]);
    expect(plan([order(0, 'failed')], { retries: 0 }).givenUp).toHaveLength(1);
  });

  it('does not run through all days while each is refused', () => {
    const refused = order(0, 'refused', { sinceMs: nowMs - 1_000 });
    expect(plan([refused])).toMatchObject({ again: [], windows: [], givenUp: [] });
    const rested = order(0, 'refused', { sinceMs: nowMs - hour });
    expect(plan([rested]).again).toEqual([rested]);
  });
});
