import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRowTime } from '../../src/domain/rowTime.ts';

const at = Date.UTC(2026, 10, 22, 13, 19, 7);

describe('the time of a row', () => {
  it.each([
    [at / 1000, at],
    [String(at / 1000), at],
    [' 1700000000 ', 1_700_000_000_000],
    ['999999999', 999_999_999_000],
    ['2026-11-22T13:19:07Z', at],
    ['2026-11-22T13:19:07.123456Z', at + 123],
    ['2026-11-22 13:19:07,5+00:00', at + 500],
    ['2026-11-22T21:19:07+08:00', at],
    ['2026-11-22T05:49:07-0730', at],
    ['2026-11-22T13:19Z', at - 7_000],
    ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('is understood: %j', (value, timeMs) => {
    expect(readRowTime(value)).toBe(timeMs);
  });

  it.each([
    undefined,
    null,
    '',
    true,
    12_345_678,
    1_700_000_000_000,
    '1700000000000',
    1_700_000_000.5,
    -1_700_000_000,
    '2026-11-22T13:19:07',
    '2026-02-31T00:00:00Z',
    '2026-11-22T25:00:00Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T13:19:07+25:00',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+08:00',
    '9999-12-31T23:59:59-01:00',
    '22/Nov/2026:13:19:07 +0000',
    ['1700000000'],
  ])('is unknown rather than guessed: %j', (value) => {
    expect(readRowTime(value)).toBeNull();
  });

  it('written by this machine comes back, in any zone', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0002-01-01'), max: new Date('9998-12-31'), noInvalidDate: true }),
        fc.integer({ min: -12 * 60, max: 14 * 60 }),
        (date, minutes) => {
          const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
          const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
          const digits = `${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
          expect(readRowTime(`${local}${minutes < 0 ? '-' : '+'}${digits}`)).toBe(date.getTime());
        },
      ),
    );
  });
});
