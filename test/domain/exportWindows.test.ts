import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  dueWindows,
  isWindowLength,
  type TimeRange,
  type WindowSchedule,
} from '../../src/domain/exportWindows.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const epochMs = Date.parse('2026-11-01T00:00:00Z');

const everyMs = fc.constantFrom(1, 2, 3, 4, 6, 8, 12, 24, 48, 24 * 7).map((h) => h * hourMs);
const schedule: fc.Arbitrary<WindowSchedule> = fc.record({
  everyMs,
  startMs: fc.integer({ min: 0, max: 5 * 86_400 }).map((s) => epochMs + s * 1_000),
  utcOffsetMinutes: fc.constantFrom(0, 480, -210, 345, 840, -720),
  settleMs: fc.constantFrom(0, 60_000, hourMs, 2 * dayMs),
});

/** One look at what is due: when, how much of it is ordered, and how long windows are by then. */
const tick = fc.record({
  afterMs: fc.integer({ min: 0, max: 40 * 3_600 }).map((s) => s * 1_000),
  limit: fc.integer({ min: 1, max: 5 }),
  everyMs,
});

function length({ fromMs, toMs }: TimeRange): number {
  return toMs - fromMs;
}

/** What is ordered by these looks, in the order in which it is. */
function orderedBy(
  schedule: WindowSchedule,
  ticks: readonly { afterMs: number; limit: number; everyMs?: number }[],
  step: typeof dueWindows = dueWindows,
) {
  const ranges: TimeRange[] = [];
  let nowMs = schedule.startMs;
  for (const { afterMs, limit, everyMs: changed } of ticks) {
    nowMs += afterMs;
    const now = { ...schedule, ...(changed === undefined ? {} : { everyMs: changed }) };
    ranges.push(...step(now, { ranges, limit }, nowMs));
  }
  return { ranges, nowMs };
}

function areGapless(ranges: readonly TimeRange[], startMs: number): boolean {
  const sorted = ranges.toSorted((a, b) => a.fromMs - b.fromMs);
  return sorted.every(({ fromMs }, at) => fromMs === (sorted[at - 1]?.toMs ?? startMs));
}

describe('the windows of a scheduled export', () => {
  it('cover everything from the start on once, without gap and overlap, whenever somebody looks and however long they are by then', () => {
    fc.assert(
      fc.property(schedule, fc.array(tick, { maxLength: 25 }), (plan, ticks) => {
        const { ranges } = orderedBy(plan, ticks);
        expect(areGapless(ranges, plan.startMs)).toBe(true);
        expect(ranges.every((range) => length(range) > 0)).toBe(true);
      }),
    );
  });

  it('are all ordered in the end, and none before it is over and settled', () => {
    fc.assert(
      fc.property(schedule, fc.array(tick, { maxLength: 10 }), (plan, ticks) => {
        const looks = ticks.map(({ afterMs, limit }) => ({ afterMs, limit }));
        const { ranges, nowMs } = orderedBy(plan, [...looks, { afterMs: 0, limit: 10_000 }]);
        const endMs = ranges.at(-1)?.toMs ?? plan.startMs;
        expect(endMs === plan.startMs || endMs + plan.settleMs <= nowMs).toBe(true);
        expect(endMs + plan.everyMs + plan.settleMs).toBeGreaterThan(nowMs);
      }),
    );
  });

  it('begin at midnight of the zone, or at an even part of its day', () => {
    fc.assert(
      fc.property(schedule, fc.array(tick, { maxLength: 10 }), (plan, ticks) => {
        const { ranges } = orderedBy(
          plan,
          ticks.map(({ afterMs, limit }) => ({ afterMs, limit })),
        );
        const [, ...later] = ranges;
        const partMs = Math.min(plan.everyMs, dayMs);
        const rest = later.filter(
          ({ fromMs }) => (fromMs + plan.utcOffsetMinutes * 60_000) % partMs !== 0,
        );
        expect(rest).toEqual([]);
      }),
    );
  });

  it('are found ordered twice when what is ordered is forgotten: the proof can fail', () => {
    const forgetful: typeof dueWindows = (plan, { limit }, nowMs) =>
      dueWindows(plan, { ranges: [], limit }, nowMs);
    const plan = { everyMs: dayMs, startMs: epochMs, utcOffsetMinutes: 0, settleMs: 0 };
    const looks = [
      { afterMs: 3 * dayMs, limit: 1 },
      { afterMs: dayMs, limit: 1 },
    ];
    expect(areGapless(orderedBy(plan, looks, forgetful).ranges, epochMs)).toBe(false);
    expect(areGapless(orderedBy(plan, looks).ranges, epochMs)).toBe(true);
  });

  it('are days of people in UTC+8, from the start on', () => {
    const plan: WindowSchedule = {
      ...{ everyMs: dayMs, utcOffsetMinutes: 480, settleMs: hourMs },
      startMs: Date.parse('2026-11-01T00:00:00Z'),
    };
    const due = dueWindows(plan, { ranges: [], limit: 9 }, Date.parse('2026-11-02T17:00:00Z'));
    expect(
      due.map(({ fromMs, toMs }) => [fromMs, toMs].map((ms) => new Date(ms).toISOString())),
    ).toEqual([
      ['2026-11-01T00:00:00.000Z', '2026-11-01T16:00:00.000Z'],
      ['2026-11-01T16:00:00.000Z', '2026-11-02T16:00:00.000Z'],
    ]);
  });

  it('go around what is ordered already, also when the start is moved back', () => {
    const plan = { everyMs: dayMs, startMs: epochMs, utcOffsetMinutes: 0, settleMs: 0 };
    const ranges = [{ fromMs: epochMs + 36 * hourMs, toMs: epochMs + 60 * hourMs }];
    const due = dueWindows(plan, { ranges, limit: 9 }, epochMs + 3 * dayMs);
    expect(
      due.map(({ fromMs, toMs }) => [(fromMs - epochMs) / hourMs, (toMs - epochMs) / hourMs]),
    ).toEqual([
      [0, 24],
      [24, 36],
      [60, 72],
    ]);
  });
});

describe('the length of a window', () => {
  it('fills days without a rest, or is made of days', () => {
    const hours = [1, 2, 3, 4, 6, 8, 12, 24, 48, 24 * 31];
    expect(hours.filter((h) => !isWindowLength(h * hourMs))).toEqual([]);
    expect([5, 7, 9, 36, 0].filter((h) => isWindowLength(h * hourMs))).toEqual([]);
  });
});
