import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import { JSON_DEPTH_MAX, JsonError, parseJson } from '../../src/http/json.ts';

function faultOf(text: string): string {
  try {
    parseJson(text);
    return 'parsed';
  } catch (error) {
    return error instanceof JsonError ? error.fault : 'another error';
  }
}

/** JSON trees with integers of any size. A bigint within the safe range comes back as a number, by design. */
const exactTree = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, ''),
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 90n }).chain((size) => fc.constantFrom(size, -size)),
    // 2^53 and beyond is written without a point: an integer, so a bigint.
    fc.double({ noNaN: true, min: -9e15, max: 9e15 }).filter((value) => !Object.is(value, -0)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).tree;

describe('parseJson', () => {
  it('keeps every digit of every integer, anywhere in the tree', () => {
    fc.assert(
      fc.property(exactTree, (tree) => {
        expect(parseJson(stringify(tree) ?? '')).toEqual(tree);
      }),
      { numRuns: 500 },
    );
  });

  it('reads whatever JSON.parse reads, the same way, when no number is long', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{15}|\de/i.test(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keeps an integer of millions of digits as its text, at once: as a bigint it would take minutes', () => {
    const digits = '7'.repeat(4_000_000);
    expect(parseJson(`{"id":-${digits}}`)).toEqual({ id: `-${digits}` });
    expect(parseJson('9'.repeat(1_000))).toBe(10n ** 1_000n - 1n);
  });

  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['[9007199254740991]', [9007199254740991]],
    ['{"id":12345678901234567890123}', { id: 12345678901234567890123n }],
    ['{"id" : 12345678901234567890\n}', { id: 12345678901234567890n }],
  ])('reads the integer of %s exactly', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each(['1e400', '-1E+999', '1e-400', '0.12345678901234567890123', '3.1e0400'])(
    'keeps %s, which no double holds, as its text',
    (text) => {
      expect(parseJson(`{"n":${text}}`)).toEqual({ n: text });
    },
  );

  it.each([
    '0.1',
    '1e5',
    '1.10',
    '0.30000000000000004',
    '1e100',
    '2.5E-7',
    '0.0',
    '0e5',
    '0.00000000000000000',
  ])('reads %s, which a double holds, as a number', (text) => {
    expect(parseJson(`[${text},12345678901234567890]`)).toEqual([
      Number(text),
      12345678901234567890n,
    ]);
  });

  it('takes long digits inside a string for text', () => {
    const tree = { arn: 'acs:ram::1234567890123456:role/r', ids: ' 12345678901234567890,', n: 1 };
    expect(parseJson(JSON.stringify(tree))).toEqual(tree);
  });

  it.each([
    '{"__proto__":{"polluted":true}}',
    '{"n":12345678901234567890,"__proto__":{"polluted":true}}',
  ])('makes __proto__ an own property, never a prototype: %s', (text) => {
    const value = parseJson(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each(['{"a":1,"a":2}', '{"a":12345678901234567890,"a":2}'])(
    'takes the last of a repeated key: %s',
    (text) => {
      expect(parseJson(text)).toEqual({ a: 2 });
    },
  );

  it('reads past a byte order mark', () => {
    expect(parseJson('\uFEFF{}')).toEqual({});
  });

  it.each([100_000, 1_000_000])('refuses %d levels of nesting with a typed error', (depth) => {
    expect(faultOf('['.repeat(depth) + ']'.repeat(depth))).toBe('too_deep');
  });

  it('refuses deep nesting around a long number too', () => {
    const depth = 100_000;
    expect(faultOf(`${'['.repeat(depth)}12345678901234567890${']'.repeat(depth)}`)).toBe(
      'too_deep',
    );
  });

  it('reads nesting up to the bound, and not one level more', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect([faultOf(nested(JSON_DEPTH_MAX)), faultOf(nested(JSON_DEPTH_MAX + 1))]).toEqual([
      'parsed',
      'too_deep',
    ]);
  });

  it('tells a cut text from a text that is not JSON, wherever it is cut', () => {
    const text = JSON.stringify({ total: 2, results: [{ name: 'a"}]', n: [1, 2] }, {}] });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (length) => {
        expect(faultOf(text.slice(0, length))).toBe('truncated');
      }),
    );
  });

  it.each(['<html>Bad Gateway</html>', 'null}', '{"a":1}}', "{'a':1}", 'upstream error', '[1,]'])(
    'says that %s is not JSON',
    (text) => {
      expect(faultOf(text)).toBe('malformed');
    },
  );

  it('quotes nothing of an unreadable text, in message or cause', () => {
    let thrown: unknown;
    try {
      parseJson('<https://bucket/file?Signature=abc>');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(new JsonError('malformed'));
    expect(thrown).not.toHaveProperty('cause');
  });
});
