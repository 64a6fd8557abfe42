import { xxh32 } from './xxh32.ts';

const MAGIC = 0x184d2204;
/** Version 1, independent blocks, content size and content checksum. */
const FLAGS = 0x6c;
/** Blocks of at most 64 KiB. */
const BLOCK_SIZE_CODE = 0x40;
const BLOCK_BYTES = 64 * 1024;
const NOT_PACKED = 0x8000_0000;
const MATCH_BYTES_MIN = 4;
/** The last match begins at least this far from the end of a block, and leaves this many literals behind it. */
const LAST_MATCH_BYTES = 12;
const LAST_LITERALS = 5;
const HASH_BITS = 14;

/** Packs into one LZ4 frame. Greedy: the first match that is found is taken. Source: LZ4 frame format 1.6.4, block format. */
export function lz4Frame(content: Buffer): Buffer {
  const header = Buffer.alloc(15);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(FLAGS, 4);
  header.writeUInt8(BLOCK_SIZE_CODE, 5);
  header.writeBigUInt64LE(BigInt(content.length), 6);
  header.writeUInt8((xxh32(header.subarray(4, 14)) >>> 8) & 0xff, 14);
  const pieces: Buffer[] = [header];
  for (let start = 0; start < content.length; start += BLOCK_BYTES) {
    const block = content.subarray(start, start + BLOCK_BYTES);
    const packed = packedBlock(block);
    const isSmaller = packed.length < block.length;
    pieces.push(word(isSmaller ? packed.length : block.length + NOT_PACKED));
    pieces.push(isSmaller ? packed : block);
  }
  pieces.push(word(0), word(xxh32(content)));
  return Buffer.concat(pieces);
}

function packedBlock(block: Buffer): Buffer {
  // The worst case of the format, all literals.
  const packed = Buffer.alloc(block.length + Math.ceil(block.length / 255) + 16);
  const seenAt = new Int32Array(1 << HASH_BITS).fill(-1);
  let written = 0;
  let literalsFrom = 0;
  let at = 0;
  while (at < block.length - LAST_MATCH_BYTES) {
    const bytes = block.readInt32LE(at);
    const slot = Math.imul(bytes, 0x9e3779b1) >>> (32 - HASH_BITS);
    const before = seenAt[slot] ?? -1;
    seenAt[slot] = at;
    if (before < 0 || block.readInt32LE(before) !== bytes) {
      at += 1;
      continue;
    }
    let matched = MATCH_BYTES_MIN;
    const matchedMax = block.length - LAST_LITERALS - at;
    while (matched < matchedMax && block[before + matched] === block[at + matched]) matched += 1;
    const literals = block.subarray(literalsFrom, at);
    written = writeSequence(packed, written, { literals, offset: at - before, matched });
    at += matched;
    literalsFrom = at;
  }
  const literals = block.subarray(literalsFrom);
  return packed.subarray(0, writeSequence(packed, written, { literals, offset: 0, matched: 0 }));
}

/** @returns where the next sequence begins. `offset` 0: the last one, which has no match */
function writeSequence(
  packed: Buffer,
  start: number,
  { literals, offset, matched }: { literals: Buffer; offset: number; matched: number },
): number {
  const matchCode = offset === 0 ? 0 : matched - MATCH_BYTES_MIN;
  let at = packed.writeUInt8((Math.min(15, literals.length) << 4) | Math.min(15, matchCode), start);
  at = writeLength(packed, at, literals.length);
  at += literals.copy(packed, at);
  if (offset === 0) return at;
  at = packed.writeUInt16LE(offset, at);
  return writeLength(packed, at, matchCode);
}

/** What of a length is beyond the 15 of its half of the token. */
function writeLength(packed: Buffer, start: number, length: number): number {
  let at = start;
  if (length < 15) return at;
  let left = length - 15;
  for (; left >= 255; left -= 255) at = packed.writeUInt8(255, at);
  return packed.writeUInt8(left, at);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
