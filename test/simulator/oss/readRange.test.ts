import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRange } from '../../../src/simulator/oss/readRange.ts';

const part = (start: number, end: number) => ({ kind: 'part', start, end });

describe('a Range header', () => {
  it.each([
    ['bytes=0-', part(0, 10)],
    ['bytes=4-', part(4, 10)],
    ['bytes=4-6', part(4, 7)],
    ['bytes=4-999', part(4, 10)],
    ['bytes=9-9', part(9, 10)],
    ['bytes=-3', part(7, 10)],
    ['bytes=-99', part(0, 10)],
    ['bytes=10-', { kind: 'outside' }],
    ['bytes=-0', { kind: 'outside' }],
    ['bytes=6-4', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['bytes=1-2,4-5', { kind: 'whole' }],
    ['lines=1-2', { kind: 'whole' }],
    [undefined, { kind: 'whole' }],
  ])('%s of ten bytes', (header, expected) => {
    expect(readRange(header, 10)).toEqual(expected);
  });

  it('never leads outside the object', () => {
    const number = fc.option(fc.nat(30).map(String), { nil: '' });
    fc.assert(
      fc.property(number, number, fc.nat(20), (first, last, bytes) => {
        const asked = readRange(`bytes=${first}-${last}`, bytes);
        if (asked.kind !== 'part') return;
        expect(asked.start >= 0 && asked.start < asked.end && asked.end <= bytes).toBe(true);
      }),
    );
  });
});
