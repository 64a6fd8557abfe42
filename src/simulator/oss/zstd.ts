const MAGIC = 0xfd2fb528;
/** Content size in 8 bytes, a window, no checksum, no dictionary. */
const DESCRIPTOR = 0xc0;
/** 2^(10 + 7) = 128 KiB: no more memory than a block is asked of the reader. */
const WINDOW = 7 << 3;
const BLOCK_BYTES = 128 * 1024;
const RAW = 0;
const RUN = 1;

/**
 * One Zstandard frame of raw blocks, and of runs where a block is one byte over and over: valid, and about as large as its content.
 * Real packing would take a library, for nothing that a reader of frames could tell. Source: RFC 8878, section 3.1.1.
 */
export function zstdFrame(content: Buffer): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(DESCRIPTOR, 4);
  header.writeUInt8(WINDOW, 5);
  header.writeBigUInt64LE(BigInt(content.length), 6);
  const pieces: Buffer[] = [header];
  let start = 0;
  do {
    const block = content.subarray(start, start + BLOCK_BYTES);
    start += BLOCK_BYTES;
    const isLast = start >= content.length;
    const isRun = block.length > 1 && block.equals(Buffer.alloc(block.length, block[0]));
    pieces.push(blockHeader(block.length, isRun ? RUN : RAW, isLast));
    pieces.push(isRun ? block.subarray(0, 1) : block);
  } while (start < content.length);
  return Buffer.concat(pieces);
}

function blockHeader(size: number, type: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return header;
}
