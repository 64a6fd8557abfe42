import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../src/domain/canonicalJson.ts';
import type { JsonValue } from '../../src/domain/json.ts';

describe('canonical JSON', () => {
  it('is the same text for the same fields in any order, and keeps every digit', () => {
    const id = 12345678901234567890n;
    expect(canonicalJson({ b: [1, { d: null, c: id }], a: 'x' })).toBe(
      '{"a":"x","b":[1,{"c":12345678901234567890,"d":null}]}',
    );
    expect(canonicalJson({ a: 'x', b: [1, { c: id, d: null }] })).toBe(
      canonicalJson({ b: [1, { d: null, c: id }], a: 'x' }),
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value as JsonValue);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
