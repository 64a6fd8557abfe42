import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/domain/json.ts';
import { storableColumnValue, storableJson, storableText } from '../../src/domain/storable.ts';

/** Texts of any UTF-16 units, halves of surrogate pairs and NUL among them. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xff_ff }).map((unit) => String.fromCharCode(unit)),
});
const wholeText = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

function texts(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap((member: JsonValue) => texts(member));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]: [string, JsonValue]) => [
    key,
    ...texts(member),
  ]);
}

const isStorable = (text: string) => !text.includes('\0') && Buffer.from(text).toString() === text;

describe('a storable text', () => {
  it('has no character that PostgreSQL refuses, as many units as before, and is left alone by a second pass', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = storableText(text);
        expect(isStorable(stored)).toBe(true);
        expect(stored).toHaveLength(text.length);
        expect(storableText(stored)).toBe(stored);
      }),
    );
  });

  it('is the text itself when nothing is wrong with it', () => {
    fc.assert(
      fc.property(wholeText, (text) => {
        expect(storableText(text)).toBe(text);
      }),
    );
  });
});

describe('a storable JSON value', () => {
  const json = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<JsonValue>(null, true, 1.5),
      fc.bigInt(),
      anyText,
      fc.array(tie('value')),
      fc.dictionary(anyText, tie('value')),
    ),
  })).value;

  it('has storable keys and texts at every depth', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(texts(storableJson(value)).every(isStorable)).toBe(true);
      }),
    );
  });

  it('keeps an integer of 1,000 digits, and of a longer one its text', () => {
    expect(storableJson(10n ** 1_000n - 1n)).toBe(10n ** 1_000n - 1n);
    expect(storableJson([-(10n ** 1_000n)])).toEqual([`-1${'0'.repeat(1_000)}`]);
  });
});

describe('a column value', () => {
  it.each([
    ['integer', 2 ** 31 - 1, 2 ** 31],
    ['integer', -(2 ** 31), -(2 ** 31) - 1],
    ['integer', 0, 0.5],
    ['integer', 1, '1'],
    ['bigint', '9223372036854775807', '9223372036854775808'],
    ['bigint', '-9223372036854775808', '-9223372036854775809'],
    ['bigint', '0', ''],
    ['boolean', false, 'false'],
    ['text', '', 0],
    ['timestamptz', Date.UTC(9999, 11, 31, 23, 59, 59, 999), Date.UTC(10_000, 0, 1)],
    ['timestamptz', Date.parse('0001-01-01T00:00:00Z'), Date.parse('0000-12-31T23:59:59.999Z')],
    ['timestamptz', 0, Number.NaN],
  ] as const)('of type %s holds %p, and has no place for %p', (type, inside, outside) => {
    expect(storableColumnValue(type, inside)).toBe(inside);
    expect(storableColumnValue(type, outside)).toBeUndefined();
    expect(storableColumnValue(type, null)).toBeNull();
  });
});
