import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterVisit,
  archiveVisitsJson,
  archiveVisitsOf,
  incompleteBecause,
  isDue,
  newVisits,
  type ArchiveVisits,
  type VisitFinding,
} from '../../src/domain/archiveVisit.ts';

const bounds = { minMs: 1_000, maxMs: 60_000 };
const findings: fc.Arbitrary<VisitFinding> = fc.oneof(
  fc.constantFrom('a', 'b').map((sha256) => ({ kind: 'read' as const, sha256 })),
  fc.constantFrom('rejected' as const, 'refused' as const).map((kind) => ({ kind, reason: 'why' })),
);

/** The visits after these findings, one second apart, each by a walk of its own. */
function visited(given: readonly VisitFinding[], isGuess = false): readonly ArchiveVisits[] {
  const states: ArchiveVisits[] = [newVisits({ isGuess, origin: null })];
  for (const [at, finding] of given.entries()) {
    const before = states.at(-1);
    if (before === undefined) break;
    states.push(afterVisit(before, finding, { nowMs: at * 1_000, walkId: `${at}`, bounds }));
  }
  return states;
}

describe('what is known of an archive', () => {
  it('rests at least the shortest and at most the longest time, longer after each visit that found nothing new', () => {
    fc.assert(
      fc.property(fc.array(findings, { minLength: 1, maxLength: 30 }), (given) => {
        const states = visited(given).slice(1);
        for (const [at, { dueAtMs, fruitless }] of states.entries()) {
          const restMs = dueAtMs - at * 1_000;
          expect(restMs).toBeGreaterThanOrEqual(bounds.minMs);
          expect(restMs).toBeLessThanOrEqual(bounds.maxMs);
          const before = states[at - 1];
          if (before !== undefined && fruitless > before.fruitless) {
            expect(restMs).toBeGreaterThanOrEqual(
              Math.min(before.dueAtMs - (at - 1) * 1_000, bounds.minMs),
            );
          }
        }
      }),
    );
  });

  it('never forgets that it was stored: a refusal then means gone', () => {
    fc.assert(
      fc.property(fc.array(findings, { maxLength: 20 }), (given) => {
        const stored = visited([{ kind: 'read', sha256: 'a' }, ...given]).at(-1);
        expect(stored?.sha256).not.toBeNull();
        expect(['stored', 'gone', 'refused']).toContain(stored?.status);
      }),
    );
  });

  it('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(fc.array(findings, { maxLength: 5 }), fc.boolean(), (given, isGuess) => {
        const last = visited(given, isGuess).at(-1);
        if (last === undefined) return;
        const json = JSON.parse(JSON.stringify(archiveVisitsJson(last))) as never;
        expect(archiveVisitsOf(json)).toEqual(last);
      }),
    );
  });

  it.each([undefined, null, 1, [], {}, { status: 'odd' }])('begins anew from %j', (stored) => {
    expect(archiveVisitsOf(stored)).toBeNull();
  });
});

describe('an archive', () => {
  const [, stored] = visited([{ kind: 'read', sha256: 'a' }]);
  const asked = (nowMs: number, walkId: string, isWanted: boolean) =>
    stored !== undefined && isDue(stored, { nowMs, walkId, isWanted });

  it('is due when its rest is over or somebody wants it, once in a walk', () => {
    expect([asked(999, 'next', false), asked(1_000, 'next', false)]).toEqual([false, true]);
    expect([asked(0, 'next', true), asked(9_999, '0', true)]).toEqual([true, false]);
  });

  const endOf = (...given: readonly VisitFinding[]) =>
    visited(given).at(-1) ?? newVisits({ isGuess: false, origin: null });
  const rejected = endOf({ kind: 'rejected', reason: 'why' });
  const refused = endOf({ kind: 'refused', reason: 'why' });
  const gone = endOf({ kind: 'read', sha256: 'a' }, { kind: 'rejected', reason: 'why' });
  const none = visited([{ kind: 'rejected', reason: 'why' }], true).at(-1) ?? gone;

  it('that cannot be read keeps the walk from being complete; one that is gone, or was a guess, does not', () => {
    const whole = { isWhole: true };
    expect(incompleteBecause([gone, none], whole)).toBeNull();
    expect(incompleteBecause([gone, refused], whole)).toBe('archive_refused');
    expect(incompleteBecause([refused, rejected], whole)).toBe('archive_rejected');
    expect(incompleteBecause([], { isWhole: false })).toBe('discovery_unproven');
  });
});
