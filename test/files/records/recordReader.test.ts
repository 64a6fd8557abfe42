import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvRecords } from '../../../src/files/records/csvRecords.ts';
import { jsonLines } from '../../../src/files/records/jsonLines.ts';
import type { RecordFormat, RecordSpan } from '../../../src/files/records/recordFormat.ts';
import { readRecords } from '../../../src/files/records/recordReader.ts';

/** What is found in a file that comes in these pieces, as texts. */
async function found<R extends RecordSpan>(
  format: RecordFormat<R>,
  pieces: readonly Buffer[],
  recordBytesMax = 1024,
): Promise<readonly (readonly [line: number, kind: string, text: string])[]> {
  async function* source() {
    for (const piece of pieces) {
      const lent = Buffer.from(piece);
      yield lent;
      // A piece is valid until the next one: whoever kept it would now read this.
      lent.fill('!');
    }
  }
  const all: (readonly [number, string, string])[] = [];
  for await (const places of readRecords(source(), format, recordBytesMax)) {
    for (const place of places) {
      if (place.kind === 'bad') all.push([place.line, place.reason, place.text]);
      else {
        const { start, end } = place.record;
        all.push([place.line, 'record', place.text.slice(start, end)]);
      }
    }
  }
  return all;
}

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return at.slice(1).map((to, index) => bytes.subarray(at[index], to));
}

const sign = fc.constantFrom('"', ',', '\r', '\n', '\r\n', 'a', '错', '💥', '\u{FEFF}', '""');
const text = fc.array(sign, { maxLength: 60 }).map((signs) => signs.join(''));
const places = fc.array(fc.nat(), { maxLength: 8 });
/** U+FFFF stands for a byte that is in no UTF-8 text. */
const bytes = fc.tuple(text, fc.array(fc.nat(), { maxLength: 2 })).map(([clean, spoilt]) => {
  const made = Buffer.from(clean);
  for (const at of spoilt) if (made.length > 0) made.writeUInt8(0xff, at % made.length);
  return made;
});

describe.each([
  ['CSV', csvRecords],
  ['JSON lines', jsonLines],
])('records of %s', (_, format: RecordFormat<RecordSpan>) => {
  it('are the same wherever the pieces end, also where bytes are no text', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, places, async (file, where) => {
        const whole = await found(format, [file]);
        expect(await found(format, cut(file, where))).toEqual(whole);
      }),
      { numRuns: 400 },
    );
  });

  it('too long to be held are passed over to the same place wherever the pieces end', async () => {
    const plain = text.map((chosen) => chosen.replaceAll('\u{FEFF}', ''));
    await fc.assert(
      fc.asyncProperty(plain, places, fc.nat({ max: 20 }), async (chosen, where, max) => {
        const file = Buffer.from(chosen);
        // What a reading without a cap finds, with the long ones told.
        const expected = (await found(format, [file])).map(([line, kind, record]) =>
          Buffer.byteLength(record) > max
            ? [line, 'too_long', record.replace(/[\r\n]+$/, '')]
            : [line, kind, record],
        );
        expect(await found(format, cut(file, where), max)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it.each(['"错\r', '"错\r\r\n', '错\r\r\n', '错\r\r', '错\r', '"错"\r'])(
    'are what stands in the file, whatever they are decoded from: %j',
    async (chosen) => {
      const plain = await found(format, [Buffer.from(chosen.replace('错', 'a'))]);
      const decoded = plain.map(([line, kind, record]) => [line, kind, record.replace('a', '错')]);
      expect(await found(format, [Buffer.from(chosen)])).toEqual(decoded);
    },
  );

  it('that nobody may hold are not held', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'a record without an end');
    async function* endless() {
      yield Buffer.from('"');
      for (let number = 0; number < 300; number += 1) yield piece;
      yield Buffer.from('"\nnext\n');
    }
    const before = process.memoryUsage().external;
    const kinds: string[] = [];
    for await (const all of readRecords(endless(), format, 64 * 1024)) {
      kinds.push(...all.map(({ kind, line }) => `${kind} ${line}`));
    }
    expect(kinds).toEqual(['bad 1', 'record 2']);
    expect(process.memoryUsage().external - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('reading lines instead of records', () => {
  it('would cut records that have a line end in quotes: the grammar is what tells', async () => {
    const file = Buffer.from('"a\nb",c\n');
    expect(await found(csvRecords, [file])).toHaveLength(1);
    expect(await found(jsonLines, [file])).toHaveLength(2);
  });
});
