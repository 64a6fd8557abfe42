import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExpectedFile, Verification } from '../../src/engine/filePort.ts';
import { verifyFile } from '../../src/files/verifyFile.ts';
import { withFetched } from './fetched.ts';

const KIB = 1024;
const text = Buffer.from('a file of a few bytes');
const md5 = createHash('md5').update(text).digest('hex');

async function verify(
  bytes: Buffer,
  expected: Partial<ExpectedFile>,
  signal = new AbortController().signal,
): Promise<Verification> {
  return withFetched(bytes, (file) =>
    verifyFile(file, { bytes: null, checkSum: null, ...expected }, signal),
  );
}

/** As object stores make it. */
function eTagOfParts(bytes: Buffer, partBytes: number): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += partBytes) {
    parts.push(
      createHash('md5')
        .update(bytes.subarray(at, at + partBytes))
        .digest(),
    );
  }
  const digest = createHash('md5').update(Buffer.concat(parts)).digest('hex').toUpperCase();
  return `"${digest}-${parts.length}"`;
}

function filled(length: number): Buffer {
  return Buffer.alloc(length, 'a file uploaded in parts, long enough to be cut\n');
}

describe('a fetched file', () => {
  it('is verified by its MD5, however that is written', async () => {
    const verified = { kind: 'verified', by: 'md5' };
    expect(await verify(text, { bytes: text.length, checkSum: md5 })).toEqual(verified);
    expect(await verify(text, { checkSum: `"${md5.toUpperCase()}"` })).toEqual(verified);
  });

  it('of another size is a mismatch, whatever its checksum', async () => {
    const found = await verify(text, { bytes: text.length + 1, checkSum: md5 });
    expect(found).toMatchObject({ kind: 'mismatch', what: 'size' });
  });

  it('with one bit flipped is a mismatch', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length * 8 - 1 }), async (bit) => {
        const damaged = Buffer.from(text);
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const found = await verify(damaged, { bytes: text.length, checkSum: md5 });
        expect(found).toMatchObject({ kind: 'mismatch', what: 'checksum' });
      }),
      { numRuns: 30 },
    );
  });

  it.each([100 * KIB, 300 * KIB, 1024 * KIB, 5 * 1024 * KIB])(
    'uploaded in parts of %i bytes is verified part by part',
    async (partBytes) => {
      for (const length of [partBytes, 2 * partBytes, 2 * partBytes + 1]) {
        const bytes = filled(length);
        const found = await verify(bytes, { checkSum: eTagOfParts(bytes, partBytes) });
        expect(found).toEqual({ kind: 'verified', by: 'multipart' });
      }
    },
  );

  it('cut into two parts of any even size is verified', async () => {
    const bytes = filled(77_777);
    const found = await verify(bytes, { checkSum: eTagOfParts(bytes, 38_889) });
    expect(found).toEqual({ kind: 'verified', by: 'multipart' });
  });

  it('whose parts nobody can tell is not verified, and no mismatch', async () => {
    const bytes = filled(1_000_000);
    const unverified = { kind: 'unverified', why: 'unknown_parts' };
    expect(await verify(bytes, { checkSum: eTagOfParts(bytes, 123_457) })).toEqual(unverified);
    expect(await verify(bytes, { checkSum: `${md5}-2000000` })).toMatchObject({
      kind: 'unverified',
    });
  });

  it('changed in one byte is never verified by an ETag of parts', async () => {
    const bytes = filled(3 * 100 * KIB);
    const checkSum = eTagOfParts(bytes, 100 * KIB);
    bytes.writeUInt8(0, 150_000);
    expect((await verify(bytes, { checkSum })).kind).toBe('unverified');
  });

  it.each([
    [null, 'no_checksum'],
    ['""', 'no_checksum'],
    ['0x8D4BCC2E4835CD0', 'unknown_form'],
  ])('with the checksum %j is not verified, and the reason told', async (checkSum, why) => {
    const found = await verify(text, { bytes: text.length, checkSum });
    expect(found).toEqual({ kind: 'unverified', why });
  });

  it('is not read on once the work is called off', async () => {
    const bytes = filled(2 * 1024 * KIB);
    const checkSum = eTagOfParts(bytes, 1024 * KIB);
    const aborted = AbortSignal.abort(new Error('called off'));
    await expect(verify(bytes, { checkSum }, aborted)).rejects.toThrow('called off');
  });
});
