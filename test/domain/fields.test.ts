import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  bigint,
  boolean,
  fieldReader,
  integer,
  text,
  unixSeconds,
  wholeNumber,
} from '../../src/domain/fields.ts';
import type { JsonObject, JsonValue } from '../../src/domain/json.ts';

const read = fieldReader(
  {
    name: text('name'),
    progress: integer('details', 'progress'),
    size: bigint('details', 'size'),
    is_sql: boolean('details', 'isSql'),
    created_at: unixSeconds('createTime'),
  },
  { kept: [['status']], dropped: [['details', 'link']] },
);

const anyJson = fc
  .anything({
    withBigInt: true,
    values: [
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
    ],
  })
  .filter(isJson);

function isJson(value: unknown): value is JsonValue {
  if (value === null || ['string', 'boolean', 'bigint'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === 'object' && Object.values(value).every(isJson);
}

describe('reading the fields of an entry', () => {
  it('gives each column its value, and leaves nothing over', () => {
    const entry = {
      name: 'export',
      createTime: '1722411060',
      details: { progress: 40, size: 9007199254740993n, isSql: 'true' },
    };
    expect(read(entry)).toEqual({
      columns: {
        name: 'export',
        progress: 40,
        size: '9007199254740993',
        is_sql: true,
        created_at: 1_722_411_060_000,
      },
      rest: {},
      drift: [],
    });
  });

  it('reads absent and null fields as null, and reports nothing', () => {
    const nothing = { name: null, progress: null, size: null, is_sql: null, created_at: null };
    expect(read({})).toEqual({ columns: nothing, rest: {}, drift: [] });
    expect(read({ name: null, details: null, createTime: null })).toMatchObject({
      columns: nothing,
      drift: [],
    });
  });

  it('keeps what does not parse at its place, with a null column and a report', () => {
    const { columns, rest, drift } = read({ details: { progress: 'half', size: '12' } });
    expect(columns).toMatchObject({ progress: null, size: '12' });
    expect(rest).toEqual({ details: { progress: 'half' } });
    expect(drift).toMatchObject([{ path: 'details.progress', kind: 'unexpected_type' }]);
  });

  it('keeps unknown fields at their place with a report, and kept ones without', () => {
    const { rest, drift } = read({ status: 'running', details: { region: 'x', progress: 1 } });
    expect(rest).toEqual({ status: 'running', details: { region: 'x' } });
    expect(drift).toMatchObject([{ path: 'details.region', kind: 'unknown_field' }]);
  });

  it('drops what must not be stored, without a trace', () => {
    const read1 = read({ details: { link: 'https://bucket/file?Signature=secret' } });
    expect(JSON.stringify(read1)).not.toContain('secret');
    expect(read1.drift).toEqual([]);
  });

  it.each([
    ['integer', integer('details', 'progress'), 2n ** 31n],
    ['bigint', bigint('details', 'progress'), 2n ** 63n],
  ])('takes %s to its bounds, and no further', (_name, column, bound) => {
    expect(column.read(bound - 1n)).toMatchObject({ ok: true });
    expect(column.read(-bound)).toMatchObject({ ok: true });
    expect(column.read(bound)).toEqual({ ok: false, kind: 'out_of_range' });
    expect(column.read(-bound - 1n)).toEqual({ ok: false, kind: 'out_of_range' });
  });

  it('refuses times that PostgreSQL or JavaScript cannot hold', () => {
    const time = unixSeconds('createTime');
    expect(time.read('253402300799')).toMatchObject({ ok: true });
    expect(time.read('253402300800')).toEqual({ ok: false, kind: 'out_of_range' });
    expect(time.read(99999999999999999999n)).toEqual({ ok: false, kind: 'out_of_range' });
    expect(time.read('tomorrow')).toEqual({ ok: false, kind: 'unexpected_type' });
  });

  it('reads every whole number, sent as number or as text, exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) => {
        expect(BigInt(wholeNumber(number) ?? 'nothing')).toBe(number);
        expect(BigInt(wholeNumber(String(number)) ?? 'nothing')).toBe(number);
      }),
    );
  });

  it('loses no field of any entry: it is in a column, in the rest, or was to be dropped', () => {
    const field = fc.constantFrom('name', 'status', 'createTime', 'details', 'other');
    const inner = fc.constantFrom('progress', 'size', 'isSql', 'more');
    const details = fc.dictionary(inner, anyJson);
    const entries = fc
      .dictionary(field, anyJson)
      .chain((entry) =>
        fc.option(details).map((given) => (given ? { ...entry, details: given } : entry)),
      );
    fc.assert(
      fc.property(entries, (entry: JsonObject) => {
        const { columns, rest } = read(entry);
        const known: Record<string, string> = { name: 'name', createTime: 'created_at' };
        for (const [key, value] of Object.entries(entry)) {
          if (value === null) continue;
          const column = known[key];
          const isHeld = column !== undefined && columns[column] !== null;
          const isNested = key === 'details' && typeof value === 'object' && !Array.isArray(value);
          if (!isHeld && !isNested) expect(Object.hasOwn(rest, key)).toBe(true);
        }
      }),
    );
  });
});
