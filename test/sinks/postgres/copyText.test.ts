import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arrayLiteral } from '../../../src/sinks/postgres/arrayLiteral.ts';
import type { RowField } from '../../../src/sinks/rowText.ts';
import { copyLine } from '../../../src/sinks/postgres/copyText.ts';

const nasty = fc.string({
  unit: fc.constantFrom('\\', '\t', '\n', '\r', 'N', '.', 'a', '"', ',', '{', '}', 'ü'),
});

/** COPY's text format, read as the manual describes it. */
function readCopy(text: string): readonly (readonly (string | null)[])[] {
  const plain: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) =>
      line
        .split('\t')
        .map((field) =>
          field === '\\N'
            ? null
            : field.replaceAll(/\\(.)/g, (_all, found: string) => plain[found] ?? found),
        ),
    );
}

describe('COPY text', () => {
  it('reads back as the fields it was written from', () => {
    const rows = fc.array(fc.array(fc.option(nasty), { minLength: 2, maxLength: 2 }));
    fc.assert(
      fc.property(rows, (given) => {
        expect(readCopy(given.map(copyLine).join(''))).toEqual(given);
      }),
    );
  });

  it('writes booleans and numbers as PostgreSQL reads them', () => {
    const row: RowField[] = [true, false, 1.5, -3, null, ''];
    expect(copyLine(row)).toBe('t\tf\t1.5\t-3\t\\N\t\n');
  });
});

describe('an array literal', () => {
  it('reads back as the texts it was written from', () => {
    fc.assert(
      fc.property(fc.array(nasty), (given) => {
        const body = arrayLiteral(given).slice(1, -1);
        const read = [...body.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, inner]) =>
          (inner ?? '').replaceAll(/\\(.)/gs, '$1'),
        );
        expect(read).toEqual(given);
        expect(body.replaceAll(/"(?:[^"\\]|\\.)*"/gs, '')).toBe(
          ','.repeat(Math.max(0, given.length - 1)),
        );
      }),
    );
  });
});
