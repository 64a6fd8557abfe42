import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rfc3986, rfc3986Path, rfc3986Query } from '../../src/providers/rfc3986.ts';

describe('rfc3986', () => {
  it('leaves nothing but unreserved characters and upper-case escapes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(rfc3986(text)).toMatch(/^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
      }),
    );
  });

  it('is undone by decodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(rfc3986(text))).toBe(text);
      }),
    );
  });

  it("encodes what encodeURIComponent leaves: every one of !'()*", () => {
    expect(rfc3986("count(*)='a'!*")).toBe('count%28%2A%29%3D%27a%27%21%2A');
  });

  it('encodes a lone surrogate as U+FFFD instead of throwing', () => {
    expect(rfc3986('\uD800')).toBe('%EF%BF%BD');
  });
});

describe('rfc3986Path', () => {
  it('keeps slashes and encodes the rest', () => {
    expect(rfc3986Path('/downloadjobs/my job?')).toBe('/downloadjobs/my%20job%3F');
  });
});

describe('rfc3986Query', () => {
  it('is read back by URLSearchParams, names and values', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.dictionary(text, text, { noNullPrototype: true }), (query) => {
        expect(Object.fromEntries(new URLSearchParams(rfc3986Query(query)))).toEqual(query);
      }),
    );
  });
});
