import type { ColumnType, ColumnValue } from './column.ts';
import type { JsonValue } from './json.ts';

// Data in, data out. What PostgreSQL's text and jsonb cannot hold: the NUL character, and half of a surrogate pair.
const unstorable = /[\0\p{Surrogate}]/gu;

/** The longest integer kept as a number; jsonb itself ends at 131,072 digits, and refuses the whole page beyond. */
const digitsMax = 1_000;
const integerLimit = 10n ** BigInt(digitsMax);

/** The text with U+FFFD in place of every character that no database text can hold; the same string when there is none. */
export function storableText(text: string): string {
  // Both are native scans: ten times as fast as a regular expression on a long text.
  return text.isWellFormed() && !text.includes('\0')
    ? text
    : text.replaceAll(unstorable, '\u{FFFD}');
}

/** The value with `storableText` applied to every string and key; an integer of more than 1,000 digits becomes its text. */
export function storableJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'bigint') return isStorableInteger(value) ? value : value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(storableJson);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, member]) => [storableText(key), storableJson(member)]),
  );
}

function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isStorableInteger(value: bigint): boolean {
  return value < integerLimit && value > -integerLimit;
}

const timeMinMs = Date.parse('0001-01-01T00:00:00.000Z');
const timeMaxMs = Date.parse('9999-12-31T23:59:59.999Z');
const int64Max = 2n ** 63n - 1n;

/**
 * The value as a column of that type holds it, or undefined when the type has no place for it: integers of 4 and 8 bytes,
 * times from year 1 to year 9999. JSON text is taken as it is: whoever wrote it has made it storable.
 */
export function storableColumnValue(type: ColumnType, value: ColumnValue): ColumnValue | undefined {
  if (value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? storableText(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'integer':
      return typeof value === 'number' && (value | 0) === value ? value : undefined;
    case 'bigint':
      return isInt64Text(value) ? value : undefined;
    case 'timestamptz':
      return isStorableTime(value) ? value : undefined;
    case 'jsonb':
      return typeof value === 'string' ? value : undefined;
  }
}

function isInt64Text(value: ColumnValue): boolean {
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return false;
  if (value.length < 19) return true;
  const number = BigInt(value);
  return number <= int64Max && number >= -int64Max - 1n;
}

function isStorableTime(value: ColumnValue): boolean {
  return typeof value === 'number' && value >= timeMinMs && value <= timeMaxMs;
}
