import {
  ExportRefused,
  type Compression,
  type ExportLimits,
  type FetchedFile,
} from '../../engine/filePort.ts';
import { filePieces, PIECE_BYTES } from '../filePieces.ts';
import { gzipMembers } from './gzipMembers.ts';
import { lz4Frames } from './lz4Frames.ts';
import { packedForm } from './packedForm.ts';
import { packedReader, type PackedReader } from './packedReader.ts';
import { unpackZstd } from './unpackZstd.ts';

/** One unpacking of a file. */
export interface Unpacking {
  /**
   * The unpacked bytes, in pieces of 4 MiB at most; a piece is valid until the next one is asked for.
   * @throws ExportRefused; the signal's reason
   */
  readonly pieces: AsyncIterable<Buffer>;
  /** null before the first bytes were read. */
  readonly compression: () => Compression | null;
  readonly unpackedBytes: () => number;
  /** Bytes of the file that have been read. */
  readonly packedBytes: () => number;
}

/** A small file may be all zeros, and no harm done. */
const ratioFromBytes = 1024 * 1024;

/** Unpacks a file by what it holds, never by its name, as far as the limits allow. */
export function unpackFile(
  file: Pick<FetchedFile, 'bytes' | 'descriptor'>,
  limits: Pick<ExportLimits, 'unpackedBytesMax' | 'ratioMax'>,
  signal: AbortSignal,
): Unpacking {
  let compression: Compression | null = null;
  let unpackedBytes = 0;
  let packedBytes = 0;

  async function* read(): AsyncGenerator<Buffer> {
    compression = await packedForm(file);
    switch (compression) {
      case 'none': {
        const into = Buffer.allocUnsafeSlow(PIECE_BYTES);
        for await (const piece of filePieces(file, { from: 0, to: file.bytes, into })) {
          packedBytes += piece.length;
          yield piece;
        }
        return;
      }
      case 'gzip':
        yield* gzipMembers(file, (bytes) => (packedBytes = bytes));
        return;
      case 'lz4':
      case 'zstd': {
        const reader = watched(packedReader(file, 0), signal);
        const unpack = compression === 'lz4' ? lz4Frames : unpackZstd;
        for await (const piece of unpack(reader)) {
          packedBytes = reader.position();
          yield piece;
        }
        packedBytes = reader.position();
      }
    }
  }

  async function* bounded(): AsyncGenerator<Buffer> {
    for await (const piece of read()) {
      signal.throwIfAborted();
      unpackedBytes += piece.length;
      judge(unpackedBytes, file.bytes, limits);
      yield piece;
    }
  }

  return {
    pieces: bounded(),
    compression: () => compression,
    unpackedBytes: () => unpackedBytes,
    packedBytes: () => packedBytes,
  };
}

/** Also frames that hold nothing are read on only while the signal has not fired. */
function watched(reader: PackedReader, signal: AbortSignal): PackedReader {
  return {
    ...reader,
    take: async (bytes, what) => {
      signal.throwIfAborted();
      return reader.take(bytes, what);
    },
  };
}

function judge(
  unpackedBytes: number,
  fileBytes: number,
  { unpackedBytesMax, ratioMax }: Pick<ExportLimits, 'unpackedBytesMax' | 'ratioMax'>,
): void {
  if (unpackedBytes > unpackedBytesMax) {
    throw new ExportRefused('too_large', `the file unpacks to more than ${unpackedBytesMax} bytes`);
  }
  if (unpackedBytes > ratioFromBytes && unpackedBytes > fileBytes * ratioMax) {
    const message = `${fileBytes} bytes unpack to more than ${ratioMax} times as many`;
    throw new ExportRefused('ratio_too_high', message);
  }
}
