import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textLines, type TextLine } from '../../src/files/lines.ts';

async function linesOf(
  chunks: readonly Buffer[],
  lineBytesMax = 1024,
): Promise<readonly TextLine[]> {
  async function* source() {
    yield* chunks;
  }
  const lines: TextLine[] = [];
  for await (const batch of textLines(source(), { lineBytesMax })) lines.push(...batch);
  return lines;
}

async function textsOf(bytes: Buffer): Promise<readonly string[]> {
  return (await linesOf([bytes])).map(({ text }) => text);
}

/** Cuts bytes into chunks at these places. */
function chunked(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((to, index) => bytes.subarray(cuts[index], to));
}

const lineText = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((text) => text.replaceAll(/[\r\n\u{FEFF}]/gu, ' ').toWellFormed());

describe('the lines of a text', () => {
  it('come back as they were written, wherever the chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(lineText, fc.constantFrom('\n', '\r\n'))),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (written, places) => {
          const bytes = Buffer.from(written.map(([text, end]) => text + end).join(''));
          const lines = await linesOf(chunked(bytes, places));
          expect(lines).toEqual(written.map(([text]) => ({ text, cutBytes: 0 })));
        },
      ),
    );
  });

  it('are never longer than the cap, and what is left out is counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 8 }),
        fc.integer({ min: 4, max: 30 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (texts, lineBytesMax, places) => {
          const written = texts.map((text) =>
            text.replaceAll(/[\r\n\u{FEFF}]/gu, '_').toWellFormed(),
          );
          const bytes = Buffer.from(written.map((text) => `${text}\n`).join(''));
          const lines = await linesOf(chunked(bytes, places), lineBytesMax);
          expect(lines).toHaveLength(written.length);
          for (const [index, { text, cutBytes }] of lines.entries()) {
            const whole = Buffer.from(written[index] ?? '');
            expect(whole.subarray(0, whole.length - cutBytes).toString()).toBe(text);
            expect(whole.length - cutBytes).toBeLessThanOrEqual(lineBytesMax);
            expect(cutBytes === 0).toBe(whole.length <= lineBytesMax);
          }
        },
      ),
    );
  });

  it('in GBK are read, line by line beside UTF-8', async () => {
    const gbk = Buffer.from([0xb4, 0xed, 0xce, 0xf3]);
    const bytes = Buffer.concat([gbk, Buffer.from('\n错误\n'), gbk, Buffer.from('\n')]);
    expect(await textsOf(bytes)).toEqual(['错误', '错误', '错误']);
  });

  it('that are neither UTF-8 nor GBK keep what can be read', async () => {
    const bytes = Buffer.concat([Buffer.from('a'), Buffer.from([0xff]), Buffer.from('b\nc')]);
    expect(await textsOf(bytes)).toEqual(['a\u{FFFD}b', 'c']);
  });

  it('keep NUL characters: what cannot hold them replaces them', async () => {
    expect(await textsOf(Buffer.from('a\0b\n'))).toEqual(['a\0b']);
  });

  it('lose a byte order mark, and are read in UTF-16 by it', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('á\r\nb', 'utf16le')]);
    expect(await textsOf(utf16)).toEqual(['á', 'b']);
    expect(await textsOf(Buffer.from('\u{FEFF}a\nb'))).toEqual(['a', 'b']);
  });

  it('of an empty text are none', async () => {
    expect(await linesOf([])).toEqual([]);
    expect(await linesOf([Buffer.alloc(0)])).toEqual([]);
  });
});
