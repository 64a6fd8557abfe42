import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { monthStartMs, nextMonthMs } from '../../src/domain/month.ts';

const times = fc
  .date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-11-30T00:00:00Z'),
    noInvalidDate: true,
  })
  .map((date) => date.getTime());

describe('a month', () => {
  it('holds every moment of itself, and the next one begins where it ends', () => {
    fc.assert(
      fc.property(times, (timeMs) => {
        const [startMs, endMs] = [monthStartMs(timeMs), nextMonthMs(timeMs)];
        expect(startMs).toBeLessThanOrEqual(timeMs);
        expect(endMs).toBeGreaterThan(timeMs);
        expect(monthStartMs(endMs - 1)).toBe(startMs);
        expect(monthStartMs(endMs)).toBe(endMs);
      }),
    );
  });

  it.each([
    ['2026-11-23T11:00:00.001Z', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['0001-02-03T00:00:00.000Z', '0001-02-01T00:00:00.000Z', '0001-03-01T00:00:00.000Z'],
  ])('of %s begins at %s and ends at %s', (at, from, to) => {
    expect(new Date(monthStartMs(Date.parse(at))).toISOString()).toBe(from);
    expect(new Date(nextMonthMs(Date.parse(at))).toISOString()).toBe(to);
  });
});
