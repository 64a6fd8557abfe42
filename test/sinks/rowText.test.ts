import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rowText, timeText } from '../../src/sinks/rowText.ts';

const field = fc.option(
  fc.oneof(fc.string(), fc.constantFrom('\\N', '\\', '\t', '\n', '\r', 't', '')),
);

describe('the text of a row', () => {
  it('is one line, and differs wherever a field does', () => {
    const pair = fc.integer({ min: 1, max: 4 }).chain((length) => {
      const row = fc.array(field, { minLength: length, maxLength: length });
      return fc.tuple(row, row);
    });
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(rowText(one)).not.toMatch(/[\n\r]/);
        expect(rowText(one) === rowText(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the text of a time', () => {
  it('is what Date makes of it, from year 1 to year 9999', () => {
    const from = Date.parse('0001-01-01T00:00:00.000Z');
    const to = Date.parse('9999-12-31T23:59:59.999Z');
    const far = fc.integer({ min: from, max: to });
    const near = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(fc.oneof(far, near), (epochMs) => {
        expect(timeText(epochMs)).toBe(new Date(epochMs).toISOString());
      }),
      { numRuns: 5_000 },
    );
  });
});
