import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partSizes, readETag } from '../../src/domain/etag.ts';

const md5 = '5d41402abc4b2a76b9719d911017c592';
const MIB = 1024 * 1024;

describe('an ETag', () => {
  it.each([
    [md5, { form: 'md5', md5 }],
    [`"${md5.toUpperCase()}"`, { form: 'md5', md5 }],
    [`W/"${md5}"`, { form: 'md5', md5 }],
    [`"${md5}-3"`, { form: 'parts', md5, parts: 3 }],
    [` ${md5.toUpperCase()}-10000 `, { form: 'parts', md5, parts: 10_000 }],
    [null, { form: 'none' }],
    ['', { form: 'none' }],
    ['""', { form: 'none' }],
    [`${md5}-0`, { form: 'unknown' }],
    [`${md5}-`, { form: 'unknown' }],
    [md5.slice(1), { form: 'unknown' }],
    [`${md5}0`, { form: 'unknown' }],
    ['0x8D4BCC2E4835CD0', { form: 'unknown' }],
    [`sha256:${md5}${md5}`, { form: 'unknown' }],
  ])('is read by its form: %j', (text, tag) => {
    expect(readETag(text)).toEqual(tag);
  });

  it('never takes another text for an MD5', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/[\da-f]{32}/i.test(text));
        expect(['none', 'unknown']).toContain(readETag(text).form);
      }),
    );
  });
});

describe('the part sizes to try', () => {
  it('all cut the file into as many parts as were told, and are few', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 10_000 }),
        (bytes, parts) => {
          const sizes = partSizes(bytes, parts);
          expect(sizes.length).toBeLessThanOrEqual(16);
          expect(new Set(sizes).size).toBe(sizes.length);
          for (const size of sizes) expect(Math.max(1, Math.ceil(bytes / size))).toBe(parts);
        },
      ),
    );
  });

  it('hold every usual size and the even cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 5, 8, 10, 16, 64, 100, 512),
        fc.integer({ min: 2, max: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (mib, parts, filled) => {
          const bytes = (parts - 1) * mib * MIB + Math.ceil(filled * mib * MIB);
          expect(partSizes(bytes, parts)).toContain(mib * MIB);
          expect(partSizes(bytes, parts)).toContain(Math.ceil(bytes / parts));
        },
      ),
    );
  });

  it('hold multiples of 100 KiB, the least that OSS takes for a part', () => {
    expect(partSizes(3 * 100 * 1024 + 1, 4)).toContain(100 * 1024);
    expect(partSizes(10 * 300 * 1024, 10)).toContain(300 * 1024);
  });

  it('are none when no size gives so many parts', () => {
    expect(partSizes(3, 5)).toEqual([]);
    expect(partSizes(0, 2)).toEqual([]);
  });
});
