import { createGunzip } from 'node:zlib';
import type { FetchedFile } from '../../engine/filePort.ts';
import { filePieces, PIECE_BYTES } from '../filePieces.ts';
import { damaged } from './packedReader.ts';
import { through } from '../through.ts';

/**
 * Unpacks the gzip members of a file, one after another. Node compares their checksums and sizes and notices a cut. Zeros
 * behind the last member are padding, as gzip itself has it; anything else is damage.
 * @throws ExportRefused
 */
export async function* gzipMembers(
  file: Pick<FetchedFile, 'bytes' | 'descriptor'>,
  onRead: (packedBytes: number) => void,
): AsyncGenerator<Buffer> {
  const unpacker = createGunzip({ chunkSize: PIECE_BYTES });
  const { bytes } = file;
  async function* packed() {
    let position = 0;
    for await (const piece of filePieces(file, { from: 0, to: bytes })) {
      position += piece.length;
      onRead(position);
      yield piece;
    }
  }
  yield* through(packed(), unpacker, (error) =>
    damaged(`gzip: ${error.message}`, unpacker.bytesWritten, error),
  );
  // Node ends at the first zero behind a member without a word about what follows.
  for await (const piece of filePieces(file, { from: unpacker.bytesWritten, to: bytes })) {
    if (piece.some((byte) => byte !== 0)) {
      throw damaged('a gzip member is followed by something else', unpacker.bytesWritten);
    }
  }
  onRead(bytes);
}
