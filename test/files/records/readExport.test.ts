import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contents, read } from '../exported.ts';
import { logText, packedFixture } from '../exportText.ts';

const cell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('"', ',', '\r', '\n', '\0', '\\', 'a', '错', '💥'),
    maxLength: 8,
  }),
);

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** As a database text can hold it. */
function stored(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{FFFD}');
}

const table = fc
  .integer({ min: 1, max: 4 })
  .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns })));

/** Quoted where it has to be, and sometimes where not. */
function csvText(
  rows: readonly (readonly string[])[],
  style: { readonly lineEnd: string; readonly isQuoted: boolean },
): string {
  const header = (rows[0] ?? ['a']).map((_, at) => `column ${at}`).join(',');
  const lines = rows.map((row) =>
    row.map((text) => (style.isQuoted || /[",\r\n]|^$/.test(text) ? quoted(text) : text)).join(','),
  );
  return [header, ...lines].map((line) => line + style.lineEnd).join('');
}

const style = fc.record({ lineEnd: fc.constantFrom('\n', '\r\n'), isQuoted: fc.boolean() });

describe('any table of texts', () => {
  it('written as CSV is read back equal, packed or not', async () => {
    await fc.assert(
      fc.asyncProperty(table, style, fc.boolean(), async (rows, how, isPacked) => {
        const bytes = Buffer.from(csvText(rows, how));
        const found = await contents(isPacked ? gzipSync(bytes) : bytes, {});
        const expected = rows.map((row) =>
          Object.fromEntries(row.map((text, at) => [`column ${at}`, stored(text)])),
        );
        expect(found).toEqual(expected);
      }),
    );
  });

  it('written as JSON lines is read back equal', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n', '\n\n'), async (rows, lineEnd) => {
        const objects = rows.map((row) => Object.fromEntries(row.map((text, at) => [at, text])));
        const text = objects.map((object) => JSON.stringify(object) + lineEnd).join('');
        const expected = rows.map((row) =>
          Object.fromEntries(row.map((value, at) => [at, stored(value)])),
        );
        expect(await contents(text, { format: 'json' })).toEqual(expected);
      }),
    );
  });

  it('with bad records between is read on behind any record with the same numbers', async () => {
    const line = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(cell, cell).map(([a, b]) => `${quoted(a)},${quoted(b)}`) },
      fc.constantFrom('ragged', '"a"b,c', '\u{FFFD}', '', `${'x'.repeat(300)},"\n"`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.nat({ max: 12 }), async (lines, skipRecords) => {
        const bytes = Buffer.from(['a,b', ...lines].map((text) => `${text}\n`).join(''));
        for (let at = bytes.indexOf('\u{FFFD}'); at !== -1; at = bytes.indexOf('\u{FFFD}')) {
          bytes.fill(0xff, at, at + 3);
        }
        const limits = { recordBytesMax: 256 };
        const whole = await read(bytes, { limits });
        const rest = await read(bytes, { limits, skipRecords });
        expect(rest.rows).toEqual(whole.rows.filter(({ rowNo }) => rowNo > skipRecords));
        expect(rest.bad).toEqual(whole.bad.filter(({ rowNo }) => rowNo > skipRecords));
      }),
    );
  });
});

describe('a long file', () => {
  it.each(['level19.zst', 'linked.lz4', 'whole.gz'])(
    'comes in batches of bounded size, every row once: %s',
    async (name) => {
      const reading = await read(await packedFixture(name), { format: 'json' });
      expect(reading.rows.map(({ content }) => `${content}\n`).join('')).toBe(logText(1_300));
      expect(reading.rows.map(({ rowNo }) => rowNo)).toEqual(
        Array.from({ length: 1_300 }, (_, at) => at + 1),
      );
      expect(reading.largest.records).toBe(500);
    },
  );

  it('of large rows comes in smaller batches', async () => {
    const row = `${JSON.stringify({ a: 'x'.repeat(100_000) })}\n`;
    const { largest, rows } = await read(row.repeat(50), { format: 'json' });
    expect(rows).toHaveLength(50);
    expect(largest.characters).toBeLessThan(700_000);
  });

  it('cut while packed gives what came before, and then its refusal, never a silent end', async () => {
    const packed = await packedFixture('several.gz');
    const cuts = [
      { length: packed.length - 1, rowsMin: 1_300 },
      { length: packed.length - 4_000, rowsMin: 900 },
      { length: 3_000, rowsMin: 100 },
      { length: 20, rowsMin: 0 },
    ];
    for (const { length, rowsMin } of cuts) {
      const { fault, rows } = await read(packed.subarray(0, length), { format: 'json' });
      expect(fault).toBe('damaged');
      expect(rows.length).toBeGreaterThanOrEqual(rowsMin);
      expect(rows.length).toBeLessThanOrEqual(1_300);
    }
    const cutText = Buffer.from(logText(40)).subarray(0, -20);
    const { fault, bad } = await read(cutText, { format: 'json' });
    expect([fault, bad.length]).toEqual([null, 1]);
  });
});
