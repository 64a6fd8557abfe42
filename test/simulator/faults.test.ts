import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { everyFault, planFaults } from '../../src/simulator/faults.ts';
import type { FaultPlan } from '../../src/simulator/faults.ts';

const calm: Partial<FaultPlan> = {
  refusal: null,
  plain: new Set(),
  insertJobs: 0,
  deleteJobs: 0,
  expireJobs: 0,
  pageCapRows: Infinity,
  totalOffset: 0,
  delayMs: 0,
  trickleMs: 0,
  rowShares: new Map(),
  oneRow: [],
};

describe('a fault plan', () => {
  it('is the same for the same seed and request, whatever was planned before', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, request, share) => {
          const first = planFaults(everyFault(share), seed, request);
          planFaults(everyFault(share), seed, request + 1);
          expect(planFaults(everyFault(share), seed, request)).toEqual(first);
        },
      ),
    );
  });

  it('strikes nothing at probability 0 or without faults, and everything at 1', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), (seed, request) => {
        expect(planFaults({}, seed, request)).toMatchObject(calm);
        expect(planFaults(everyFault(0), seed, request)).toMatchObject(calm);
        const all = planFaults(everyFault(1), seed, request);
        expect([all.refusal, all.plain.size, all.rowShares.size]).toEqual(['throttle', 16, 9]);
      }),
    );
  });

  it('strikes a scheduled request and no other', () => {
    const struck = [0, 1, 2, 3, 4].filter((request) =>
      planFaults({ reset: { at: [1, 3] } }, 9, request).plain.has('reset'),
    );
    expect(struck).toEqual([1, 3]);
  });

  it('strikes about as often as its probability says, and each fault on its own', () => {
    const plans = Array.from({ length: 4000 }, (_, n) => planFaults(everyFault(0.25), 3, n));
    const share = (strikes: (plan: FaultPlan) => boolean): number =>
      plans.filter(strikes).length / plans.length;
    expect(share((plan) => plan.plain.has('reset'))).toBeCloseTo(0.25, 1);
    expect(share((plan) => plan.plain.has('reset') && plan.plain.has('cutBody'))).toBeCloseTo(
      0.06,
      1,
    );
  });
});
