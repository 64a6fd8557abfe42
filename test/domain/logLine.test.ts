import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOG_LEVELS, parseUtcOffset, readLogLine } from '../../src/domain/logLine.ts';

const times = fc.date({
  min: new Date('0002-01-01T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
});
const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });

/** `+08:00` for 480. */
function offsetText(minutes: number): string {
  const at = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(at / 60))}:${two(at % 60)}`;
}

/** How a clock at this offset shows the time. */
function shown(atMs: number, offsetMinutes: number): string {
  return new Date(atMs + offsetMinutes * 60_000).toISOString().slice(0, 23);
}

describe('the time of a line', () => {
  it('is the moment it names, in whatever zone and form it is written', () => {
    fc.assert(
      fc.property(
        times,
        offsets,
        fc.constantFrom(' ', 'T'),
        fc.constantFrom('', '['),
        fc.constantFrom('.', ','),
        (time, offset, between, before, point) => {
          const atMs = time.getTime();
          const text = shown(atMs, offset).replace('T', between).replace('.', point);
          const line = `${before}${text}${offsetText(offset)} message`;
          expect(readLogLine(line, null).loggedAtMs).toBe(atMs);
        },
      ),
    );
  });

  it('without a zone is taken in the configured one, and is unknown without one', () => {
    fc.assert(
      fc.property(times, offsets, (time, offset) => {
        const line = `${shown(time.getTime(), offset).replaceAll('-', '/')} message`;
        expect(readLogLine(line, offset).loggedAtMs).toBe(time.getTime());
        expect(readLogLine(line, null).loggedAtMs).toBeNull();
      }),
    );
  });

  it.each([
    '2026-02-30 10:00:00Z no such day',
    '2026-13-01 10:00:00Z no such month',
    '2026-01-01 24:00:00Z no such hour',
    '2026-01-01 10:00:00+25:00 no such zone',
    '2026-01/01 10:00:00Z no such form',
    'at 2026-01-01 10:00:00Z not at the beginning',
    '2026-01-01 10:00:00:00Z too many parts',
    '',
  ])('is unknown in %j', (line) => {
    expect(readLogLine(line, 0).loggedAtMs).toBeNull();
  });
});

describe('the level of a line', () => {
  it.each([
    ['2026-11-22 13:19:07,123 [main] ERROR c.h.Scanner - no', 'ERROR'],
    ['[2026-11-22T13:19:07Z] [pool-1-thread-2] WARN  rule', 'WARN'],
    ['[INFO] BUILD SUCCESS', 'INFO'],
    ['[warning] deprecated', 'WARN'],
    ['ERROR: no such file', 'ERROR'],
    ['2026-11-22 13:19:07 | SEVERE | x', 'ERROR'],
    ['level=debug msg="x"', 'DEBUG'],
    ['2026-11-22 13:19:07 CRITICAL x', 'FATAL'],
  ])('of %j is %s', (line, level) => {
    expect(readLogLine(line, null).level).toBe(level);
  });

  it.each([
    'the word error in a message',
    'Found 3 files with one or more ERROR lines',
    'ERRORS: 3',
    '',
  ])('of %j is unknown', (line) => {
    expect(readLogLine(line, null).level).toBeNull();
  });

  it('is one of the known ones, or none, whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        const { level } = readLogLine(line, 480);
        expect(level === null || LOG_LEVELS.includes(level)).toBe(true);
      }),
    );
  });
});

describe('an offset', () => {
  it('of a zone is read in minutes', () => {
    fc.assert(
      fc.property(offsets, (offset) => {
        expect(parseUtcOffset(offsetText(offset)) ?? NaN).toBeCloseTo(offset);
      }),
    );
  });

  it.each(['', '8', '+8:00', '+25:00', 'Asia/Shanghai'])('is not %j', (text) => {
    expect(parseUtcOffset(text)).toBeNull();
  });
});
