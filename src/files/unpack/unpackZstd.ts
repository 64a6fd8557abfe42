import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { PIECE_BYTES } from '../filePieces.ts';
import { damaged, type PackedReader } from './packedReader.ts';
import { through } from '../through.ts';
import { loadXxHash, type StreamingHash } from './xxHash.ts';
import { zstdParts, type ZstdPart } from './zstdFrames.ts';

/** Node's own unpacker, from 22.15 on: several times as fast as the one in JavaScript. Node 20's types do not know it. */
const createNativeUnpacker: unknown = Reflect.get(zlib, 'createZstdDecompress');

/**
 * Unpacks the Zstandard frames of a file, one after another. Content checksums and sizes are compared where frames have them.
 * @throws ExportRefused
 */
export function unpackZstd(reader: PackedReader): AsyncIterable<Buffer> {
  if (typeof createNativeUnpacker !== 'function') return unpackByBlocks(reader);
  const unpacker: unknown = Reflect.apply(createNativeUnpacker, zlib, [{ chunkSize: PIECE_BYTES }]);
  return unpackNatively(reader, unpacker);
}

async function* unpackNatively(reader: PackedReader, unpacker: unknown): AsyncGenerator<Buffer> {
  if (!(unpacker instanceof Duplex)) throw new TypeError('no stream that unpacks Zstandard');
  async function* packed() {
    for await (const { bytes } of zstdParts(reader)) yield Buffer.from(bytes);
  }
  yield* through(packed(), unpacker, (error) =>
    damaged(`Zstandard: ${error.message}`, reader.position(), error),
  );
}

/** Unpacks with fzstd, a block at a time: whatever that is given it unpacks at once. */
async function* unpackByBlocks(reader: PackedReader): AsyncGenerator<Buffer> {
  const { streaming64 } = await loadXxHash();
  let frame: FrameUnpacker | null = null;
  for await (const part of zstdParts(reader)) {
    if (part.kind === 'header') {
      frame = frameUnpacker(part, streaming64());
      // Out of one piece of the file come thousands of small frames.
      await setImmediate();
    }
    if (frame === null) continue;
    try {
      yield* frame.unpack(part);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw damaged(`Zstandard: ${error.message}`, reader.position(), error);
    }
  }
}

interface FrameUnpacker {
  /** @throws Error when the part is not sound */
  unpack(part: ZstdPart): readonly Buffer[];
}

type ZstdHeaderPart = Extract<ZstdPart, { kind: 'header' }>;

/** fzstd compares neither checksums nor sizes: that is done here. */
function frameUnpacker(
  { bytes, header }: ZstdHeaderPart,
  hash: StreamingHash<bigint>,
): FrameUnpacker {
  let pieces: Buffer[] = [];
  let contentBytes = 0n;
  const unpacker = new Decompress((piece) => {
    pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  });
  // It learns of no checksum: it would wait for it, and then not compare it.
  let before = withoutChecksum(bytes);

  const judgeSize = (): void => {
    const { contentBytes: declared } = header;
    if (declared !== null && declared !== contentBytes) {
      throw new Error(`a frame holds ${contentBytes} bytes and declares ${declared}`);
    }
  };

  return {
    unpack: (part) => {
      pieces = [];
      if (part.kind === 'block') {
        // The first block and the last one: nothing reaches back further.
        if (part.isLast && before.length > 0) before = withSmallWindow(before);
        unpacker.push(Buffer.concat([before, part.bytes]), part.isLast);
        before = Buffer.alloc(0);
        for (const piece of pieces) {
          contentBytes += BigInt(piece.length);
          if (header.hasChecksum) hash.update(piece);
        }
        if (part.isLast) judgeSize();
      }
      if (part.kind === 'checksum') {
        const low = Number(hash.digest() & 0xffff_ffffn);
        if (low !== part.bytes.readUInt32LE()) throw new Error('the checksum of a frame is wrong');
      }
      return pieces;
    },
  };
}

const CHECKSUM_FLAG = 0x04;
const SINGLE_SEGMENT_FLAG = 0x20;
/** 128 KiB, as large as a block gets. */
const BLOCK_WINDOW = 0x38;

/** fzstd makes the window of a frame at once, and fills it with zeros: 4 ms for 8 MiB (Node 20), and of small frames there may be thousands. */
function withSmallWindow(header: Buffer): Buffer {
  const isSingleSegment = (header.readUInt8(4) & SINGLE_SEGMENT_FLAG) !== 0;
  if (isSingleSegment || header.readUInt8(5) <= BLOCK_WINDOW) return header;
  const copy = Buffer.from(header);
  copy.writeUInt8(BLOCK_WINDOW, 5);
  return copy;
}

function withoutChecksum(header: Buffer): Buffer {
  const copy = Buffer.from(header);
  copy.writeUInt8(copy.readUInt8(4) & ~CHECKSUM_FLAG, 4);
  return copy;
}
