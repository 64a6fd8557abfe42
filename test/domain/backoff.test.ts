import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../src/domain/backoff.ts';

const bounds = { baseMs: 500, maxMs: 30_000 };
const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe('backoff', () => {
  it('never waits longer than its bound, nor less than half of what the failures ask for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), random, (failures, r) => {
        const ceilingMs = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.min(failures - 1, 30));
        const delayMs = backoffMs(failures, bounds, r);
        expect(delayMs >= Math.floor(ceilingMs / 2) && delayMs <= ceilingMs).toBe(true);
      }),
    );
  });

  it('doubles with every failure in a row', () => {
    expect([1, 2, 3, 4].map((failures) => backoffMs(failures, bounds, 0))).toEqual([
      250, 500, 1_000, 2_000,
    ]);
  });
});
