import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSlots } from '../../src/domain/slots.ts';

describe('slots', () => {
  it('never run more of a key at once than allowed, begin in the order of asking, and finish all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 5 })), {
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 4 }),
        async (works, atOnceMax) => {
          const inSlots = createSlots();
          const begun: number[] = [];
          const running = new Map<string, number>();
          let most = 0;
          await Promise.all(
            works.map(([key, waits], index) =>
              inSlots({ key, atOnceMax }, async () => {
                begun.push(index);
                running.set(key, (running.get(key) ?? 0) + 1);
                most = Math.max(most, running.get(key) ?? 0);
                for (let n = 0; n < waits; n += 1) await Promise.resolve();
                running.set(key, (running.get(key) ?? 0) - 1);
              }),
            ),
          );
          expect(most).toBeLessThanOrEqual(atOnceMax);
          for (const key of ['a', 'b']) {
            const asked = works.flatMap(([of], index) => (of === key ? [index] : []));
            expect(begun.filter((index) => works[index]?.[0] === key)).toEqual(asked);
          }
        },
      ),
    );
  });

  it('go on after work that fails, and the failure is its own', async () => {
    const inSlots = createSlots();
    const failing = inSlots({ key: 'a', atOnceMax: 1 }, () => Promise.reject(new Error('no')));
    const next = inSlots({ key: 'a', atOnceMax: 1 }, () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });

  it('hold to the bound that each piece of work came with', async () => {
    const inSlots = createSlots();
    let release: () => void = () => undefined;
    const held = inSlots(
      { key: 'a', atOnceMax: 2 },
      () => new Promise<void>((end) => (release = end)),
    );
    let isBegun = false;
    const alone = inSlots({ key: 'a', atOnceMax: 1 }, async () => {
      isBegun = true;
    });
    await new Promise((later) => setImmediate(later));
    expect(isBegun).toBe(false);
    release();
    await Promise.all([held, alone]);
    expect(isBegun).toBe(true);
  });
});
