import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nameWith, safeName } from '../../src/files/safeName.ts';

/** Names as people give them, as attackers do, and any text at all. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        ' ',
        'a',
        'A',
        'CON',
        '~',
        '0',
        '\0',
        'é',
        '日',
        '\uD800',
      ),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 5 }).map((name) => safeName(name)),
);

/** What may be wrong with a name, on whatever system. */
function wrongWith(name: string): string | null {
  if (Buffer.byteLength(name) > 200) return 'too long';
  if (name === '' || name.startsWith('.') || name.endsWith('.'))
    return 'hidden, or leads elsewhere';
  if (name !== name.trim()) return 'blanks at its edges';
  if (/[/\\:*?"<>|]|\p{Cc}|\p{Cf}|\p{Cs}/u.test(name)) return 'an unsafe character';
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)) return 'a device of Windows';
  return null;
}

describe('safeName', () => {
  it('leads nowhere and can be written everywhere, whatever it is made of', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(wrongWith(safeName(given))).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives no two texts one name', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        fc.pre(one !== other);
        expect(safeName(one)).not.toBe(safeName(other));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'export-2026-11-23',
    'a.csv.gzip',
    'big game (2).json',
    '日志.csv',
    '~',
    'a~b.csv',
    'con-1',
    '-',
  ])('leaves %s as it is', (name) => {
    expect(safeName(name)).toBe(name);
  });

  it.each([
    ['', /^~[0-9a-f]{16}$/],
    ['..', /^__~[0-9a-f]{16}$/],
    ['../../etc/passwd', /^_._.._etc_passwd~[0-9a-f]{16}$/],
    ['a/b.csv', /^a_b~[0-9a-f]{16}\.csv$/],
    ['nul.csv', /^_nul~[0-9a-f]{16}\.csv$/],
    ['.hidden', /^_hidden~[0-9a-f]{16}$/],
    [`${'x'.repeat(300)}.csv`, /^x{179}~[0-9a-f]{16}\.csv$/],
    [`${'日'.repeat(100)}.csv`, /^日{59}~[0-9a-f]{16}\.csv$/],
  ])('changes %j and marks it, its extension kept', (given, expected) => {
    expect(safeName(given)).toMatch(expected);
  });

  it('is found wrong by this test when it is left out', () => {
    const wrong = [
      '../a',
      '',
      'a/b',
      '\u0000',
      'CON.txt',
      '\u202Egpj.exe',
      '\uD800',
      'x'.repeat(201),
    ];
    expect(wrong.filter((name) => wrongWith(name) === null)).toEqual([]);
  });
});

describe('nameWith', () => {
  it('never gets longer than a name may be', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(Buffer.byteLength(nameWith(safeName(given), '-0123456789ab'))).toBeLessThanOrEqual(
          200,
        );
      }),
    );
  });
});
