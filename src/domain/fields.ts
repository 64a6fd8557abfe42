import type { Column, ColumnReading, ColumnValue } from './column.ts';
import type { Drift, DriftKind } from './entry.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * Reading typed columns out of an entry. A field that does not parse becomes null, its text stays in `raw` (P7), and the
 * difference is reported as drift.
 */
export function text(...path: readonly string[]): Column {
  return {
    type: 'text',
    path,
    read: (value) => {
      if (typeof value === 'string') return ok(value);
      return typeof value === 'object' ? refused('unexpected_type') : ok(String(value));
    },
  };
}

/** A whole number within int4, sent as number or as decimal text. */
export function integer(...path: readonly string[]): Column {
  return { type: 'integer', path, read: (value) => whole(value, 2n ** 31n, Number) };
}

/** A whole number within int8, sent as number or as decimal text; held as text, so that no digit is lost. */
export function bigint(...path: readonly string[]): Column {
  return { type: 'bigint', path, read: (value) => whole(value, 2n ** 63n, String) };
}

/** `true`, `false`, or those words as text: SLS sends allowInComplete both ways (reference 1.4). */
export function boolean(...path: readonly string[]): Column {
  return {
    type: 'boolean',
    path,
    read: (value) => {
      if (typeof value === 'boolean') return ok(value);
      const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
      return word === 'true' || word === 'false' ? ok(word === 'true') : refused('unexpected_type');
    },
  };
}

// PostgreSQL holds years up to 294276, JavaScript dates up to 275760; a timestamp outside the years 1 to 9999 is an error.
const epochSecondsMin = -62_135_596_800n;
const epochSecondsMax = 253_402_300_799n;

/** Unix seconds, sent as number or as decimal text. */
export function unixSeconds(...path: readonly string[]): Column {
  return {
    type: 'timestamptz',
    path,
    read: (value) => {
      const seconds = wholeNumber(value);
      if (seconds === null) return refused('unexpected_type');
      if (seconds < epochSecondsMin || seconds > epochSecondsMax) return refused('out_of_range');
      return ok(Number(seconds) * 1000);
    },
  };
}

export interface FieldsReading {
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly drift: readonly Drift[];
}

/** Reads every column of a table from one entry. */
export function readColumns(
  entry: JsonObject,
  columns: Readonly<Record<string, Column>>,
): FieldsReading {
  const drift: Drift[] = [];
  const values: Record<string, ColumnValue> = {};
  for (const [name, column] of Object.entries(columns)) {
    const value = valueAt(entry, column.path);
    const reading = value === undefined || value === null ? ok(null) : column.read(value);
    values[name] = reading.ok ? reading.value : null;
    if (!reading.ok) {
      drift.push({
        path: column.path.join('.'),
        kind: reading.kind,
        sample: sampleOf(value ?? null),
      });
    }
  }
  return { columns: values, drift };
}

/** Fields of the entry that neither a column nor `known` reads, as drift. Objects are looked into. */
export function unknownFields(
  entry: JsonObject,
  columns: Readonly<Record<string, Column>>,
  known: readonly (readonly string[])[],
): readonly Drift[] {
  const paths = [...Object.values(columns).map((column) => column.path), ...known];
  const leaves = new Set(paths.map((path) => path.join('.')));
  const branches = new Set(
    paths.flatMap((path) => path.slice(1).map((_, i) => path.slice(0, i + 1).join('.'))),
  );
  const drift: Drift[] = [];
  const visit = (object: JsonObject, prefix: string): void => {
    for (const [field, value] of Object.entries(object)) {
      const path = prefix + field;
      if (leaves.has(path)) continue;
      if (branches.has(path)) {
        if (isJsonObject(value)) visit(value, `${path}.`);
        else if (value !== null)
          drift.push({ path, kind: 'unexpected_type', sample: sampleOf(value) });
        continue;
      }
      drift.push({ path: path.slice(0, pathMax), kind: 'unknown_field', sample: sampleOf(value) });
    }
  };
  visit(entry, '');
  return drift;
}

const pathMax = 200;
const sampleMax = 200;

/** What was found, short. Objects show only their fields' names. */
export function sampleOf(value: JsonValue): string {
  if (typeof value === 'string') return value.slice(0, sampleMax);
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (isJsonObject(value)) return `object {${Object.keys(value).join(', ')}}`.slice(0, sampleMax);
  return typeof value === 'object' ? 'null' : String(value);
}

function valueAt(entry: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = entry;
  for (const field of path) {
    if (!isJsonObject(value)) return undefined;
    value = Object.hasOwn(value, field) ? value[field] : undefined;
  }
  return value;
}

/** A whole number, sent as number, bigint or decimal text; null for anything else. */
export function wholeNumber(value: JsonValue): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value === 'string' && /^\s*-?\d{1,40}\s*$/.test(value)) return BigInt(value.trim());
  return null;
}

function whole(
  value: JsonValue,
  limit: bigint,
  hold: (value: bigint) => ColumnValue,
): ColumnReading {
  const number = wholeNumber(value);
  if (number === null) return refused('unexpected_type');
  return number >= -limit && number < limit ? ok(hold(number)) : refused('out_of_range');
}

function ok(value: ColumnValue): ColumnReading {
  return { ok: true, value };
}

function refused(kind: DriftKind): ColumnReading {
  return { ok: false, kind };
}
