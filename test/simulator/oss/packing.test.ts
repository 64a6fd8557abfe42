import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lz4Frame } from '../../../src/simulator/oss/lz4.ts';
import { xxh32 } from '../../../src/simulator/oss/xxh32.ts';
import { zstdFrame } from '../../../src/simulator/oss/zstd.ts';

/** Texts that repeat themselves near and far, and across the blocks of a frame. */
const contents = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 9 }), fc.nat(9_000))
        .map(([text, times]) => Buffer.from(text.repeat(times))),
      fc.nat(140_000).map((bytes) => Buffer.alloc(bytes, 'x')),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => Buffer.concat(pieces));

describe('xxHash', () => {
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j is the published one', (text, expected) => {
    expect(xxh32(Buffer.from(text))).toBe(expected);
  });
});

describe('an LZ4 frame', () => {
  it('unpacks to its content, and its checksums are right', () => {
    fc.assert(
      fc.property(contents, (content) => {
        expect(unpackedLz4(lz4Frame(content)).equals(content)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('is much smaller than text that repeats itself, and hardly larger than noise', () => {
    const text = Buffer.from('level=INFO service=checkout all is well\n'.repeat(5_000));
    const noise = Buffer.from(
      Array.from({ length: 70_000 }, (_, n) => xxh32(Buffer.from(`${n}`)) & 255),
    );
    expect(lz4Frame(text).length).toBeLessThan(text.length / 20);
    expect(lz4Frame(noise).length).toBeLessThan(noise.length + 40);
  });

  it('shows a flipped bit to its reader', () => {
    const frame = lz4Frame(Buffer.from('some text that has no repetition at all'));
    const at = frame.length - 20;
    frame.writeUInt8(frame.readUInt8(at) ^ 1, at);
    expect(() => unpackedLz4(frame)).toThrow('content checksum');
  });
});

describe('a Zstandard frame', () => {
  it('unpacks to its content', () => {
    fc.assert(
      fc.property(contents, (content) => {
        expect(unpackedZstd(zstdFrame(content)).equals(content)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('holds a block of one byte over and over as a run', () => {
    expect(zstdFrame(Buffer.alloc(1_000_000, 7)).length).toBeLessThan(100);
  });

  it('that is cut off is refused by its reader', () => {
    const frame = zstdFrame(Buffer.from('some text'));
    expect(() => unpackedZstd(frame.subarray(0, -1))).toThrow('content size');
  });
});

/** Written from the format's description, for these tests alone. */
function unpackedLz4(frame: Buffer): Buffer {
  if (frame.readUInt32LE(0) !== 0x184d2204) throw new Error('magic number');
  if (frame.readUInt8(14) !== ((xxh32(frame.subarray(4, 14)) >>> 8) & 255)) {
    throw new Error('header checksum');
  }
  const pieces: Buffer[] = [];
  let at = 15;
  for (;;) {
    const size = frame.readUInt32LE(at);
    at += 4;
    if (size === 0) break;
    const isRaw = size >= 0x8000_0000;
    const block = frame.subarray(at, at + (isRaw ? size - 0x8000_0000 : size));
    at += block.length;
    pieces.push(isRaw ? block : unpackedLz4Block(block));
  }
  const content = Buffer.concat(pieces);
  if (Number(frame.readBigUInt64LE(6)) !== content.length) throw new Error('content size');
  if (frame.readUInt32LE(at) !== xxh32(content)) throw new Error('content checksum');
  return content;
}

function unpackedLz4Block(block: Buffer): Buffer {
  const out = Buffer.alloc(64 * 1024);
  let written = 0;
  let at = 0;
  const lengthOf = (code: number): number => {
    let length = code;
    for (let more = code === 15; more;) {
      const byte = block.readUInt8(at++);
      length += byte;
      more = byte === 255;
    }
    return length;
  };
  for (;;) {
    const token = block.readUInt8(at++);
    const literals = lengthOf(token >> 4);
    written += block.copy(out, written, at, at + literals);
    at += literals;
    if (at >= block.length) {
      if (literals < 5) throw new Error('a block ends with five literals at least');
      return out.subarray(0, written);
    }
    const offset = block.readUInt16LE(at);
    at += 2;
    if (offset === 0 || offset > written) throw new Error('a match begins inside the block');
    for (let left = lengthOf(token & 15) + 4; left > 0; left -= 1) {
      out.writeUInt8(out.readUInt8(written - offset), written);
      written += 1;
    }
  }
}

function unpackedZstd(frame: Buffer): Buffer {
  if (frame.readUInt32LE(0) !== 0xfd2fb528) throw new Error('magic number');
  if (frame.readUInt8(4) !== 0xc0) throw new Error('descriptor');
  const pieces: Buffer[] = [];
  let at = 14;
  for (let isLast = false; !isLast;) {
    const header = frame.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    const size = header >>> 3;
    if (size > 128 * 1024) throw new Error('a block is larger than the window');
    const isRun = ((header >>> 1) & 3) === 1;
    const block = frame.subarray(at + 3, at + 3 + (isRun ? 1 : size));
    pieces.push(isRun ? Buffer.alloc(size, block) : block);
    at += 3 + block.length;
  }
  const content = Buffer.concat(pieces);
  if (Number(frame.readBigUInt64LE(6)) !== content.length) throw new Error('content size');
  return content;
}
