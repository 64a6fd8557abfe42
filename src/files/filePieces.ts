import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { FetchedFile } from '../engine/filePort.ts';

const readAt = promisify(read);

/** Enough to keep the disk busy, little enough to hold up nobody else while a piece is worked on. */
export const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of the file from one place to another (exclusive), 256 KiB at a time. Reads at places, so that several readers of a
 * descriptor do not disturb each other.
 * @throws Error when the file is shorter than it was
 */
export async function* filePieces(
  { descriptor }: Pick<FetchedFile, 'descriptor'>,
  range: {
    readonly from: number;
    readonly to: number;
    /** Takes every piece, which is valid until the next one is asked for. @default a buffer of its own for each */
    readonly into?: Buffer;
  },
): AsyncGenerator<Buffer> {
  for (let at = range.from; at < range.to;) {
    const piece = range.into ?? Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, range.to - at));
    const wantedBytes = Math.min(piece.length, range.to - at);
    const { bytesRead } = await readAt(descriptor, piece, 0, wantedBytes, at);
    if (bytesRead === 0) throw new Error(`the fetched file ends at byte ${at} of ${range.to}`);
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}
