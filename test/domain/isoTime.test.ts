import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseIsoTime } from '../../src/domain/isoTime.ts';

const timeMs = Date.parse('2019-05-24T02:29:07Z');

describe('a time as OOS writes it', () => {
  it.each([
    ['2019-05-24T02:29:07Z', timeMs],
    ['2019-05-24T:02:29:07Z', timeMs],
    [' 2019-05-24T02:29:07Z ', timeMs],
    ['2019-05-24T02:29:07.5Z', timeMs + 500],
    ['2019-05-24T02:29:07.123456789Z', timeMs + 123],
  ])('%s is understood', (text, expected) => {
    expect(parseIsoTime(text)).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    '2019-05-24',
    '2019-05-24T02:29:07',
    '2019-02-30T02:29:07Z',
    '2019-13-01T02:29:07Z',
    '2019-05-24T25:00:00Z',
    '2019-05-24T::02:29:07Z',
  ])('%j is no time', (text) => {
    expect(parseIsoTime(text)).toBeNull();
  });

  it('reads every time of the years 0001 to 9999 with and without the stray colon', () => {
    const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (epochSeconds) => {
        const text = new Date(epochSeconds * 1_000).toISOString();
        expect(parseIsoTime(text)).toBe(epochSeconds * 1_000);
        expect(parseIsoTime(text.replace('T', 'T:'))).toBe(epochSeconds * 1_000);
      }),
    );
  });
});
