import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestCounter } from '../../src/domain/digestCounter.ts';

describe('a counter of digests', () => {
  it('counts as a map would, whatever comes and however much', () => {
    const digest = fc
      .tuple(fc.constantFrom('0', 'f', '80000000'), fc.nat(3_000))
      .map(([head, number]) => `${head}${number.toString(16)}`.padEnd(32, '0'));
    fc.assert(
      fc.property(fc.array(digest, { maxLength: 5_000, size: 'max' }), (digests) => {
        const count = digestCounter();
        const expected = new Map<string, number>();
        for (const text of digests) {
          const id = text.slice(0, 16);
          expected.set(id, (expected.get(id) ?? 0) + 1);
          expect(count(text)).toBe(expected.get(id));
        }
      }),
      { numRuns: 20 },
    );
  });
});
