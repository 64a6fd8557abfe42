import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextPoll } from '../../src/domain/pollTiming.ts';

const bounds = { pollMinMs: 5_000, pollMaxMs: 300_000, deadlineMs: 86_400_000 };
const job = fc.record({
  progressPercent: fc.option(fc.integer({ min: -5, max: 200 })),
  sinceMs: fc.integer({ min: 0, max: 2 ** 41 }),
  nowMs: fc.integer({ min: 0, max: 2 ** 41 }),
});

describe('next poll', () => {
  it('keeps within its bounds, whatever the provider says of the progress', () => {
    fc.assert(
      fc.property(job, (known) => {
        const { delayMs } = nextPoll(known, bounds);
        expect(delayMs >= bounds.pollMinMs && delayMs <= bounds.pollMaxMs).toBe(true);
      }),
    );
  });

  it('asks a job sooner the closer it is to its end', () => {
    const at = (progressPercent: number) =>
      nextPoll({ progressPercent, sinceMs: 0, nowMs: 600_000 }, bounds).delayMs;
    expect([at(30), at(60), at(90), at(99)]).toEqual([300_000, 100_000, 16_667, 5_000]);
  });

  it('asks a job without progress by its age', () => {
    const known = { progressPercent: null, sinceMs: 0, nowMs: 600_000 };
    expect(nextPoll(known, bounds).delayMs).toBe(60_000);
  });

  it('reports a job past its deadline as overdue and asks it at the slowest pace', () => {
    const known = { progressPercent: 99, sinceMs: 0, nowMs: bounds.deadlineMs + 1 };
    expect(nextPoll(known, bounds)).toEqual({ delayMs: bounds.pollMaxMs, overdue: true });
  });
});
