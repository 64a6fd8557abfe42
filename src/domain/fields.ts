import type { Column, ColumnReading, ColumnValue } from './column.ts';
import type { Drift, DriftKind } from './entry.ts';
import { parseIsoTime } from './isoTime.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { withholdInText, withholdLinks } from './links.ts';

/**
 * Reading typed columns out of an entry. A field that does not parse becomes null, its text stays in `raw` (P7), and the
 * difference is reported as drift. Nothing read here holds a pre-signed link (P8).
 */
export function text(...path: readonly string[]): Column {
  return {
    type: 'text',
    path,
    read: (value) => {
      if (typeof value === 'string') return ok(withholdInText(value));
      return typeof value === 'object' ? refused('unexpected_type') : ok(String(value));
    },
  };
}

const int4 = 2n ** 31n;
const int8 = 2n ** 63n;
/** A number below it fits both, and is told so without bigints: comparing with them is ten times as slow. */
const alwaysFits = 2 ** 31;

/** A whole number within int4, sent as number or as decimal text. */
export function integer(...path: readonly string[]): Column {
  return { type: 'integer', path, read: (value) => whole(value, int4, Number) };
}

/** A whole number within int8, sent as number or as decimal text; held as text, so that no digit is lost. */
export function bigint(...path: readonly string[]): Column {
  return { type: 'bigint', path, read: (value) => whole(value, int8, String) };
}

/** `true`, `false`, or those words as text: SLS sends allowInComplete both ways (API pages ListDownloadJobs and GetDownloadJob). */
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
const epochSecondsMin = -62_135_596_800;
const epochSecondsMax = 253_402_300_799;

/** Unix seconds, sent as number or as decimal text. */
export function unixSeconds(...path: readonly string[]): Column {
  return {
    type: 'timestamptz',
    path,
    read: (value) => {
      const number = wholeNumber(value);
      if (number === null) return refused('unexpected_type');
      const seconds = Number(number); // Rounds only far beyond the bounds.
      if (seconds < epochSecondsMin || seconds > epochSecondsMax) return refused('out_of_range');
      return ok(seconds * 1000);
    },
  };
}

/** A time in UTC as text, `2019-05-24T02:29:07Z`; a stray colon after the T is understood. */
export function isoTime(...path: readonly string[]): Column {
  return {
    type: 'timestamptz',
    path,
    read: (value) => {
      const timeMs = typeof value === 'string' ? parseIsoTime(value) : null;
      if (timeMs !== null) return ok(timeMs);
      // A field that is there but empty says that there is no time yet.
      return value === '' ? ok(null) : refused('unexpected_type');
    },
  };
}

export interface FieldsReading {
  readonly columns: Readonly<Record<string, ColumnValue>>;
  /** What no column holds, at its place in the entry: unknown fields, unreadable values, fields that are kept as sent. Links withheld. */
  readonly rest: JsonObject;
  /** Fields that did not parse, and fields that nobody knows. */
  readonly drift: readonly Drift[];
}

/** Reads one entry: a value for every column, null where absent or unreadable. */
export type FieldReader = (entry: JsonObject) => FieldsReading;

/** Where a field leads: to a column, to further fields, into `rest` as it is, or nowhere. */
type Field =
  | { readonly kind: 'column'; readonly name: string; readonly column: Column }
  | Branch
  | { readonly kind: 'kept' }
  | { readonly kind: 'dropped' };

interface Branch {
  readonly kind: 'object';
  readonly fields: Map<string, Field>;
  /** Of the paths of its fields, with its dot: '' or `configuration.sink.`. */
  readonly prefix: string;
}

/**
 * Prepares the reading of a kind of entry, once: a page of 500 jobs is read in one pass over its fields.
 * @param known.kept paths of fields that go into `rest` as sent, and are no drift
 * @param known.dropped paths of fields that must not be stored
 */
export function fieldReader(
  columns: Readonly<Record<string, Column>>,
  known: {
    readonly kept: readonly (readonly string[])[];
    readonly dropped: readonly (readonly string[])[];
  },
): FieldReader {
  const root = branchAt('');
  for (const [name, column] of Object.entries(columns)) {
    place(root, column.path, { kind: 'column', name, column });
  }
  for (const path of known.kept) place(root, path, { kind: 'kept' });
  for (const path of known.dropped) place(root, path, { kind: 'dropped' });
  const empty: Readonly<Record<string, ColumnValue>> = Object.fromEntries(
    Object.keys(columns).map((name) => [name, null]),
  );
  return (entry) => {
    const read = { columns: { ...empty }, drift: [] };
    const rest = readObject(entry, root, read) ?? {};
    return { ...read, rest };
  };
}

function place({ fields, prefix }: Branch, path: readonly string[], leaf: Field): void {
  const [first, ...rest] = path;
  if (first === undefined) throw new TypeError('a field has an empty path');
  if (rest.length === 0) {
    fields.set(first, leaf);
    return;
  }
  const branch = fields.get(first) ?? branchAt(`${prefix}${first}.`);
  if (branch.kind !== 'object') throw new TypeError(`${first} is a field and an object at once`);
  fields.set(first, branch);
  place(branch, rest, leaf);
}

function branchAt(prefix: string): Branch {
  return { kind: 'object', fields: new Map(), prefix };
}

interface Reading {
  readonly columns: Record<string, ColumnValue>;
  readonly drift: Drift[];
}

/** Adds what it reads to `into`, and answers what is left; null when that is nothing. */
function readObject(object: JsonObject, branch: Branch, into: Reading): JsonObject | null {
  const left: [string, JsonValue][] = [];
  for (const name of Object.keys(object)) {
    const value = object[name] ?? null;
    const field = branch.fields.get(name);
    if (field === undefined) {
      left.push(differing(into, branch.prefix + name, 'unknown_field', [name, value]));
    } else if (field.kind === 'kept') {
      left.push([name, withholdLinks(value)]);
    } else if (value === null || field.kind === 'dropped') {
      continue;
    } else if (field.kind === 'column') {
      const reading = field.column.read(value);
      if (reading.ok) into.columns[field.name] = reading.value;
      else left.push(differing(into, branch.prefix + name, reading.kind, [name, value]));
    } else if (isJsonObject(value)) {
      const rest = readObject(value, field, into);
      if (rest !== null) left.push([name, rest]);
    } else {
      left.push(differing(into, branch.prefix + name, 'unexpected_type', [name, value]));
    }
  }
  return left.length === 0 ? null : Object.fromEntries(left);
}

/** Notes the drift, and answers the field as `rest` keeps it. */
function differing(
  into: Reading,
  path: string,
  kind: DriftKind,
  [name, value]: readonly [string, JsonValue],
): [string, JsonValue] {
  const sample = sampleOf(value);
  into.drift.push({ path: withholdInText(path).slice(0, pathMax), kind, sample });
  return [withholdInText(name), withholdLinks(value)];
}

const pathMax = 200;
const sampleMax = 200;

/** What was found, short, links withheld. Objects show only their fields' names. */
export function sampleOf(value: JsonValue): string {
  if (typeof value === 'string') return withholdInText(value).slice(0, sampleMax);
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (isJsonObject(value)) {
    return withholdInText(`object {${Object.keys(value).join(', ')}}`).slice(0, sampleMax);
  }
  return typeof value === 'object' ? 'null' : String(value);
}

/** A whole number, sent as number, bigint or decimal text; null for anything else. `bigint` only beyond 2^53. */
export function wholeNumber(value: JsonValue): number | bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  if (typeof value === 'string') return wholeNumberIn(value);
  return typeof value === 'bigint' ? value : null;
}

function wholeNumberIn(text: string): number | bigint | null {
  if (!/^\s*-?\d{1,40}\s*$/.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text.trim());
}

function whole(
  value: JsonValue,
  limit: bigint,
  hold: (value: number | bigint) => ColumnValue,
): ColumnReading {
  const number = wholeNumber(value);
  if (number === null) return refused('unexpected_type');
  if (number < alwaysFits && number >= 0) return ok(hold(number));
  return number >= -limit && number < limit ? ok(hold(number)) : refused('out_of_range');
}

function ok(value: ColumnValue): ColumnReading {
  return { ok: true, value };
}

function refused(kind: DriftKind): ColumnReading {
  return { ok: false, kind };
}
