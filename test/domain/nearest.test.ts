import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearestOf } from '../../src/domain/nearest.ts';

const keys = ['source', 'account', 'schedule', 'pageSize'];

describe('nearestOf', () => {
  it.each([
    ['shedule', 'schedule'],
    ['pagesize', 'pageSize'],
    ['soruce', 'source'],
    ['acount', 'account'],
  ])('finds what %s meant', (word, meant) => {
    expect(nearestOf(word, keys)).toBe(meant);
  });

  it('answers nothing for a word that is far from all', () => {
    expect(nearestOf('retention', keys)).toBeNull();
  });

  it('finds a candidate again after one deleted character', () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), (key, seed) => {
        const at = seed % key.length;
        expect(nearestOf(key.slice(0, at) + key.slice(at + 1), keys)).toBe(key);
      }),
    );
  });
});
