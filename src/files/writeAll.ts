import type { FileHandle } from 'node:fs/promises';

/** Writes the whole piece at `position`: one write may take less than it was given. */
export async function writeAll(file: FileHandle, piece: Buffer, position: number): Promise<void> {
  for (let written = 0; written < piece.length;) {
    const { bytesWritten } = await file.write(
      piece,
      written,
      piece.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}
