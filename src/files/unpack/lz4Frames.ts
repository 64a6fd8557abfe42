import { setImmediate } from 'node:timers/promises';
import { LZ4_HISTORY_BYTES, unpackLz4Block } from './lz4Block.ts';
import { damaged, type PackedReader } from './packedReader.ts';
import { isSkippable, LZ4_MAGIC } from './packedForm.ts';
import { loadXxHash, type XxHash } from './xxHash.ts';

const LEGACY_MAGIC = 0x184c2102;
const UNPACKED_FLAG = 0x8000_0000;

/**
 * Unpacks the LZ4 frames of a file, one after another, a block at a time: linked and independent blocks, all checksums and
 * sizes that the frames carry are compared. A piece is valid until the next one is asked for.
 * Source: lz4_Frame_format.md 1.6.4 of the LZ4 project.
 * @throws ExportRefused
 */
export async function* lz4Frames(reader: PackedReader): AsyncGenerator<Buffer> {
  const xxHash = await loadXxHash();
  const bufferOf = blockBuffers();
  while (!reader.isAtEnd()) {
    const magic = (await reader.take(4, 'the beginning of an LZ4 frame')).readUInt32LE();
    if (isSkippable(magic)) {
      const bytes = (await reader.take(4, 'a skippable frame')).readUInt32LE();
      await reader.skip(bytes, 'a skippable frame');
    } else if (magic === LZ4_MAGIC) {
      yield* oneFrame(reader, { ...xxHash, bufferOf });
      // Out of one piece of the file come thousands of small frames.
      await setImmediate();
    } else if (magic === LEGACY_MAGIC) {
      const what = 'it is in the legacy format of LZ4, which cannot show a cut; pack it as a frame';
      throw damaged(what, reader.position() - 4);
    } else {
      throw damaged('an LZ4 frame is followed by something else', reader.position() - 4);
    }
  }
}

interface FrameHeader {
  readonly isLinked: boolean;
  readonly hasBlockChecksum: boolean;
  readonly hasContentChecksum: boolean;
  /** null when the frame does not say. */
  readonly contentBytes: bigint | null;
  readonly blockBytesMax: number;
}

interface FrameTools extends Pick<XxHash, 'hash32' | 'streaming32'> {
  readonly bufferOf: (blockBytesMax: number) => Buffer;
}

/** Place for a block and what came before it: the same one for all frames, which may be many and small. */
function blockBuffers(): FrameTools['bufferOf'] {
  let buffer: Buffer = Buffer.alloc(0);
  return (blockBytesMax) => {
    const bytes = LZ4_HISTORY_BYTES + blockBytesMax;
    if (buffer.length !== bytes) buffer = Buffer.allocUnsafeSlow(bytes);
    return buffer;
  };
}

async function* oneFrame(reader: PackedReader, { hash32, streaming32, bufferOf }: FrameTools) {
  const header = await readHeader(reader, hash32);
  const { isLinked, blockBytesMax } = header;
  const contentHash = header.hasContentChecksum ? streaming32() : null;
  const out = bufferOf(blockBytesMax);
  let historyBytes = 0;
  let contentBytes = 0n;
  for (;;) {
    const size = (await reader.take(4, 'the size of an LZ4 block')).readUInt32LE();
    if (size === 0) break;
    const blockBytes = size % UNPACKED_FLAG;
    if (blockBytes > blockBytesMax) {
      throw damaged('an LZ4 block is larger than its frame allows', reader.position());
    }
    const block = await reader.take(blockBytes, 'an LZ4 block');
    const start = LZ4_HISTORY_BYTES;
    // The history stands right before the place of the block.
    const historyFrom = isLinked ? start - historyBytes : start;
    const end =
      size >= UNPACKED_FLAG
        ? start + block.copy(out, start)
        : unpackLz4Block(block, out, { start, historyFrom });
    if (end < 0) throw damaged('an LZ4 block cannot be unpacked', reader.position());
    if (header.hasBlockChecksum) {
      const hash = hash32(block);
      const told = (await reader.take(4, 'the checksum of an LZ4 block')).readUInt32LE();
      if (hash !== told) throw damaged('the checksum of an LZ4 block is wrong', reader.position());
    }
    const unpacked = out.subarray(start, end);
    contentHash?.update(unpacked);
    contentBytes += BigInt(unpacked.length);
    yield unpacked;
    historyBytes = Math.min(LZ4_HISTORY_BYTES, historyBytes + unpacked.length);
    out.copyWithin(start - historyBytes, end - historyBytes, end);
  }
  if (contentHash !== null) {
    const told = (await reader.take(4, 'the checksum of an LZ4 frame')).readUInt32LE();
    if (contentHash.digest() !== told) {
      throw damaged('the checksum of an LZ4 frame is wrong', reader.position());
    }
  }
  if (header.contentBytes !== null && header.contentBytes !== contentBytes) {
    const what = `an LZ4 frame holds ${contentBytes} bytes and declares ${header.contentBytes}`;
    throw damaged(what, reader.position());
  }
}

const VERSION_BITS = 0b1100_0000;
const VERSION = 0b0100_0000;
const RESERVED_FLAG = 0b0000_0010;
const RESERVED_SIZE_BITS = 0b1000_1111;

async function readHeader(
  reader: PackedReader,
  hash32: (bytes: Uint8Array) => number,
): Promise<FrameHeader> {
  const what = 'the header of an LZ4 frame';
  const fixed = Buffer.from(await reader.take(2, what));
  const [flags = 0, sizes = 0] = fixed;
  const sizeId = (sizes >> 4) & 7;
  const isKnown =
    (flags & VERSION_BITS) === VERSION &&
    (flags & RESERVED_FLAG) === 0 &&
    (sizes & RESERVED_SIZE_BITS) === 0 &&
    sizeId >= 4;
  if (!isKnown) throw damaged('an LZ4 frame of an unknown version', reader.position());
  const hasContentBytes = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  const optional = Buffer.from(
    await reader.take((hasContentBytes ? 8 : 0) + (hasDictionary ? 4 : 0), what),
  );
  const [told] = await reader.take(1, what);
  if (((hash32(Buffer.concat([fixed, optional])) >>> 8) & 0xff) !== told) {
    throw damaged('the checksum of the header of an LZ4 frame is wrong', reader.position());
  }
  if (hasDictionary) {
    throw damaged('an LZ4 frame wants a dictionary, and there is none', reader.position());
  }
  return {
    isLinked: (flags & 0x20) === 0,
    hasBlockChecksum: (flags & 0x10) !== 0,
    hasContentChecksum: (flags & 0x04) !== 0,
    contentBytes: hasContentBytes ? optional.readBigUInt64LE() : null,
    blockBytesMax: 2 ** (8 + 2 * sizeId),
  };
}
