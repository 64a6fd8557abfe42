import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  handName,
  isJobName,
  nextAttemptName,
  scheduledName,
} from '../../src/domain/exportName.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_-'.split('');
/** What a key of `exports` may be. */
const key = fc
  .tuple(
    fc.constantFrom(...letters.slice(0, 36)),
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 63 }),
  )
  .map(([first, rest]) => first + rest);
const second = fc.integer({ min: 0, max: 4_000_000_000 });
const slot = fc.record({
  export: key,
  fromMs: second.map((s) => s * 1_000),
  attempt: fc.integer({ min: 1, max: 120 }),
});

describe('the name of a scheduled export', () => {
  it('is one that a job can have', () => {
    fc.assert(
      fc.property(slot, (one) => {
        expect(isJobName(scheduledName(one))).toBe(true);
      }),
    );
  });

  it('differs for every export, range and attempt', () => {
    const slots = fc.uniqueArray(slot, {
      selector: (one) => JSON.stringify(one),
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(slots, (all) => {
        expect(new Set(all.map(scheduledName)).size).toBe(all.length);
      }),
    );
  });

  it('tells exports apart that differ behind the place where their names are cut', () => {
    const long = 'x'.repeat(63);
    const names = ['a', 'b'].map((end) =>
      scheduledName({ export: `${long}${end}`, fromMs: 0, attempt: 1 }),
    );
    expect(names.map((name) => name.length)).toEqual([64, 64]);
    expect(names[0]).not.toBe(names[1]);
  });

  it('can be read', () => {
    const fromMs = Date.parse('2026-11-01T00:00:00Z');
    expect(
      [1, 2].map((attempt) => scheduledName({ export: 'daily-errors', fromMs, attempt })),
    ).toEqual(['daily-errors-20261101t000000z', 'daily-errors-20261101t000000z-a2']);
  });
});

describe('the name of another attempt', () => {
  it('is a name, and another one for each attempt, however often it is ordered again', () => {
    const name = fc.oneof(
      slot.map((one) => scheduledName({ ...one, attempt: 1 })),
      fc.constantFrom('ab', 'a'.repeat(64), 'b-a2', 'c-a9-a1'),
    );
    fc.assert(
      fc.property(name, (first) => {
        const names = [first];
        for (let attempt = 1; attempt <= 12; attempt += 1) {
          names.push(nextAttemptName(names.at(-1) ?? '', attempt));
        }
        expect(names.filter((one) => !isJobName(one))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('counts on instead of growing', () => {
    expect(nextAttemptName(nextAttemptName('nightly', 1), 2)).toBe('nightly-a3');
  });
});

describe('the name of an order by hand', () => {
  it('is one that a job can have, and tells when it was made', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(second, random, (s, draw) => {
        expect(isJobName(handName(s * 1_000, draw))).toBe(true);
      }),
    );
    expect(handName(Date.parse('2026-11-24T09:30:00.500Z'), 0.5)).toBe(
      'logferry-20261124t093000z-i0000000',
    );
  });
});

describe('the rules of names', () => {
  it.each(['a', '-ab', 'ab-', '_a', 'Ab', 'a b', 'a.b', 'ä1', 'a'.repeat(65), ''])(
    'refuse %j',
    (name) => {
      expect(isJobName(name)).toBe(false);
    },
  );

  it.each(['ab', 'a-b', 'a_b', '0-0', 'a'.repeat(64)])('take %j', (name) => {
    expect(isJobName(name)).toBe(true);
  });
});
