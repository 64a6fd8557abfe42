import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterGap,
  afterRead,
  halves,
  highWaterS,
  windowStart,
  windowsToRead,
  type Window,
  type WindowState,
} from '../../src/domain/windows.ts';

/** What a service has, second by second: rows with the walk from which on they can be found, and what it does with a window. */
interface World {
  readonly rows: readonly { readonly second: number; readonly fromWalk: number }[];
  /** Seconds over which the service never says Complete, until this walk. */
  readonly stuck: ReadonlyMap<number, number>;
  /** Windows of more rows than this fill their answer. */
  readonly limit: number;
}

const lastSecond = 240;
const world: fc.Arbitrary<World> = fc
  .record({
    rows: fc.array(
      fc.record({
        second: fc.integer({ min: 0, max: lastSecond - 1 }),
        lateWalks: fc.constantFrom(0, 0, 0, 1),
      }),
      { maxLength: 60 },
    ),
    stuck: fc.array(
      fc.tuple(fc.integer({ min: 0, max: lastSecond - 1 }), fc.integer({ min: 0, max: 8 })),
      { maxLength: 4 },
    ),
    limit: fc.integer({ min: 6, max: 30 }),
  })
  .map(({ rows, stuck, limit }) => ({
    rows: rows.map(({ second, lateWalks }) => ({
      second,
      fromWalk: Math.floor(second / walkEveryS) + 1 + lateWalks,
    })),
    stuck: new Map(stuck),
    limit,
  }));

const walkEveryS = 40;
const plan = { windowS: 30, lookbackS: 80, whole: false };

interface Reading {
  readonly state: WindowState;
  readonly stored: ReadonlySet<number>;
}

/** One walk: reads what is to be read in any order, halves what cannot be had whole, and may be cut off. */
function walk(
  { rows, stuck, limit }: World,
  before: Reading,
  at: {
    readonly walk: number;
    readonly nowMs: number;
    readonly order: number;
    readonly isCutOff: boolean;
    readonly lookbackS: number;
  },
): Reading {
  const untilS = Math.min(lastSecond, at.walk * walkEveryS);
  let state = before.state;
  const stored = new Set(before.stored);
  const tasks = [...windowsToRead(state, { ...plan, lookbackS: at.lookbackS, untilS }, at.nowMs)];
  for (let step = 0; tasks.length > 0 && !(at.isCutOff && step > 3); step += 1) {
    const [window] = tasks.splice((at.order * (step + 1)) % tasks.length, 1);
    if (window === undefined) break;
    const isInside = (second: number) => second >= window.fromS && second < window.toS;
    const found = rows.flatMap((row, index) =>
      isInside(row.second) && row.fromWalk <= at.walk ? [index] : [],
    );
    const isStuck = [...stuck].some(([second, until]) => isInside(second) && at.walk < until);
    const isFilled = found.length >= limit;
    const parts = isStuck || isFilled ? halves(window) : null;
    if (parts !== null) {
      tasks.push(...parts);
      continue;
    }
    for (const index of found.slice(0, limit)) stored.add(index);
    const reason = isStuck ? 'window_incomplete' : 'limit_filled';
    state =
      isStuck || isFilled
        ? afterGap(state, window, { reason, nowMs: at.nowMs })
        : afterRead(state, window);
  }
  return { state, stored };
}

function missingBefore(reading: Reading, { rows }: World, walk: number, secondMax: number) {
  return rows.flatMap((row, index) =>
    row.second < secondMax && row.fromWalk <= walk && !reading.stored.has(index) ? [index] : [],
  );
}

function checkWorld(
  given: World,
  orders: readonly number[],
  cuts: readonly number[],
  lookbackS: number,
): boolean {
  let reading: Reading = { state: windowStart(0), stored: new Set() };
  for (let number = 1; number <= 10; number += 1) {
    const nowMs = number * 3_600_000;
    const order = orders[number % orders.length] ?? 1;
    const isCutOff = cuts.includes(number);
    reading = walk(given, reading, { walk: number, nowMs, order, isCutOff, lookbackS });
    if (isCutOff) continue;
    // Nothing that was there before the walk is missing before the mark, but what is later than the lookback.
    const missing = missingBefore(reading, given, number, highWaterS(reading.state));
    if (missing.length > 0) return false;
  }
  const full = given.rows.filter((_, index) => !reading.stored.has(index));
  const gaps = reading.state.gaps;
  return full.every(({ second }) => gaps.some(({ fromS, toS }) => second >= fromS && second < toS));
}

const orders = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 10 });
const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 2 });

describe('reading by windows', () => {
  it('stores every row before the mark, late ones too, and owns up to every other one as a gap', () => {
    fc.assert(
      fc.property(world, orders, cuts, (given, order, cut) => {
        expect(checkWorld(given, order, cut, 80 + walkEveryS * 2)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('without a lookback loses late rows on the same worlds (the check can fail)', () => {
    const held = fc.check(
      fc.property(world, orders, (given, order) => checkWorld(given, order, [], 0)),
      { numRuns: 300 },
    );
    expect(held.failed).toBe(true);
  });

  it('covers what is to be read exactly once, in windows that end at multiples of their length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 600 }),
        fc.boolean(),
        (readToS, windowS, lookbackS, untilS, whole) => {
          const state = { ...windowStart(0), readToS };
          const windows = windowsToRead(state, { windowS, lookbackS, untilS, whole }, 0);
          const down = (time: number) => (whole ? Math.floor(time / windowS) * windowS : time);
          const fromS = down(Math.max(0, readToS - lookbackS));
          const seconds = windows.flatMap(secondsOf);
          const wanted = secondsOf({ fromS, toS: Math.max(fromS, down(untilS)) });
          expect(seconds).toEqual(wanted);
          const isAligned = (time: number) => time % windowS === 0;
          for (const { fromS: from, toS } of windows) {
            expect(toS - from).toBeLessThanOrEqual(windowS);
            expect(isAligned(toS) || toS === down(untilS)).toBe(true);
            expect(isAligned(from) || from === fromS).toBe(true);
          }
        },
      ),
    );
  });

  it('reads again what a walk read ahead before it was cut off: rows may have come in there since', () => {
    const state = afterRead(windowStart(0), { fromS: 60, toS: 90 });
    expect(state).toMatchObject({ readToS: 0, ahead: [{ fromS: 60, toS: 90 }] });
    const asked = { ...plan, lookbackS: 0, untilS: 120 };
    expect(windowsToRead(state, asked, 0)).toEqual([
      { fromS: 0, toS: 30 },
      { fromS: 30, toS: 60 },
      { fromS: 60, toS: 90 },
      { fromS: 90, toS: 120 },
    ]);
    expect(afterRead(state, { fromS: 0, toS: 60 })).toMatchObject({ readToS: 90, ahead: [] });
  });
});

describe('a gap', () => {
  const gap = { fromS: 10, toS: 11 };
  const found = { reason: 'window_incomplete', nowMs: 1_000 } as const;
  const after = afterGap(afterRead(windowStart(0), { fromS: 0, toS: 10 }), gap, found);

  it('keeps the mark where it is, while reading goes on behind it', () => {
    const later = afterRead(after, { fromS: 11, toS: 30 });
    expect(highWaterS(later)).toBe(10);
    expect(later.readToS).toBe(30);
  });

  it('rests before it is tried again, twice as long each time, up to a day', () => {
    let state = after;
    const waits: number[] = [];
    for (let tries = 0; tries < 12; tries += 1) {
      const nowMs = 1_000 + tries;
      state = afterGap(state, gap, { ...found, nowMs });
      waits.push(((state.gaps[0]?.nextTryAtMs ?? 0) - nowMs) / 60_000);
    }
    expect(waits.slice(0, 3)).toEqual([10, 20, 40]);
    expect(waits.at(-1)).toBe(1_440);
    const asked = { ...plan, lookbackS: 0, untilS: 11 };
    expect(windowsToRead(state, asked, 2_000)).toEqual([]);
    expect(windowsToRead(state, asked, 1e12)).toEqual([gap]);
  });

  it('is closed by a reading of its time, and the mark moves on', () => {
    const closed = afterRead(after, gap);
    expect(closed.gaps).toEqual([]);
    expect(highWaterS(closed)).toBe(11);
  });

  it('that touches another of the same reason is one with it', () => {
    const joined = afterGap(after, { fromS: 11, toS: 12 }, { ...found, nowMs: 5_000 });
    expect(joined.gaps).toEqual([
      { fromS: 10, toS: 12, reason: 'window_incomplete', tries: 1, nextTryAtMs: 305_000 },
    ]);
  });
});

describe('halves', () => {
  it('cover their window exactly, and one second has none', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 1e5 }), (fromS, length) => {
        const parts = halves({ fromS, toS: fromS + length });
        if (length === 1) expect(parts).toBeNull();
        else {
          expect(parts?.[0].fromS).toBe(fromS);
          expect(parts?.[0].toS).toBe(parts?.[1].fromS);
          expect(parts?.[1].toS).toBe(fromS + length);
        }
      }),
    );
  });
});

function secondsOf({ fromS, toS }: Window): readonly number[] {
  return Array.from({ length: toS - fromS }, (_, index) => fromS + index);
}
