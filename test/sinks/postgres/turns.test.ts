import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTurns } from '../../../src/sinks/postgres/turns.ts';

describe('work in turn', () => {
  it('of one key runs in the order it was handed in, one at a time, whatever fails', async () => {
    const pieces = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.boolean() }), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), pieces, async (scheduler, given) => {
        const inTurn = createTurns();
        const begun: Record<string, number[]> = { a: [], b: [] };
        const running = new Set<string>();
        const results = given.map(({ key, fails }, index) =>
          inTurn(key, async () => {
            expect(running.has(key)).toBe(false);
            running.add(key);
            begun[key]?.push(index);
            await scheduler.schedule(Promise.resolve());
            running.delete(key);
            if (fails) throw new Error(`piece ${index}`);
            return index;
          }),
        );
        const settled = Promise.allSettled(results);
        await scheduler.waitFor(settled);
        expect((await settled).map(({ status }) => status === 'rejected')).toEqual(
          given.map(({ fails }) => fails),
        );
        for (const key of ['a', 'b']) {
          const handedIn = given.flatMap((piece, index) => (piece.key === key ? [index] : []));
          expect(begun[key]).toEqual(handedIn);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of another key does not wait', async () => {
    const inTurn = createTurns();
    void inTurn('slow', () => new Promise(() => undefined));
    await expect(inTurn('other', async () => 'done')).resolves.toBe('done');
  });
});
