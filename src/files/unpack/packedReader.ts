import { ExportRefused, type FetchedFile } from '../../engine/filePort.ts';
import { filePieces } from '../filePieces.ts';

/** Reads a packed file from front to end by exact numbers of bytes. */
export interface PackedReader {
  /**
   * The next so many bytes. Valid until the next call.
   * @throws ExportRefused when the file ends before them: `what` says what was being read
   */
  take(bytes: number, what: string): Promise<Buffer>;
  /** @throws ExportRefused when the file ends before them */
  skip(bytes: number, what: string): Promise<void>;
  readonly position: () => number;
  readonly isAtEnd: () => boolean;
}

/** A reader that begins at a byte of the file. */
export function packedReader(
  file: Pick<FetchedFile, 'bytes' | 'descriptor'>,
  from: number,
): PackedReader {
  let pieces = filePieces(file, { from, to: file.bytes });
  let held: Buffer = Buffer.alloc(0);
  let position = from;

  const demand = (bytes: number, what: string): void => {
    if (position + bytes > file.bytes) throw cutOff(what, file.bytes);
  };

  return {
    take: async (bytes, what) => {
      demand(bytes, what);
      if (held.length < bytes) held = await gather(pieces, held, bytes);
      const taken = held.subarray(0, bytes);
      held = held.subarray(bytes);
      position += bytes;
      return taken;
    },
    skip: async (bytes, what) => {
      demand(bytes, what);
      position += bytes;
      if (bytes <= held.length) {
        held = held.subarray(bytes);
        return;
      }
      held = Buffer.alloc(0);
      pieces = filePieces(file, { from: position, to: file.bytes });
    },
    position: () => position,
    isAtEnd: () => position === file.bytes,
  };
}

/** What is held, and as many pieces as it takes to hold so many bytes. */
async function gather(pieces: AsyncIterator<Buffer>, held: Buffer, bytes: number): Promise<Buffer> {
  const parts = [held];
  for (let gathered = held.length; gathered < bytes;) {
    const next = await pieces.next();
    if (next.done === true) throw new Error('the fetched file is shorter than it was');
    parts.push(next.value);
    gathered += next.value.length;
  }
  return held.length === 0 && parts.length === 2 ? (parts[1] ?? held) : Buffer.concat(parts);
}

function cutOff(what: string, atByte: number): ExportRefused {
  return new ExportRefused('damaged', `the file is cut off: it ends at byte ${atByte} in ${what}`);
}

/** The refusal of a packed file that is not as its format wants it. */
export function damaged(what: string, atByte: number, cause?: unknown): ExportRefused {
  return new ExportRefused('damaged', `the file is damaged near byte ${atByte}: ${what}`, cause);
}
