import { pipeline, Readable, type Duplex } from 'node:stream';
import { types } from 'node:util';
import type { ExportRefused } from '../engine/filePort.ts';

/**
 * What an unpacker of Node makes of packed bytes. Both are closed when the reading ends, whichever way.
 * @throws what `packed` throws; `refuse` of what the unpacker finds wrong
 */
export async function* through(
  packed: AsyncIterable<Buffer>,
  unpacker: Duplex,
  refuse: (error: Error) => ExportRefused,
): AsyncGenerator<Buffer> {
  const source = Readable.from(packed, { objectMode: false });
  // Whatever fails ends both streams, and shows where the unpacker is read.
  const piped = pipeline(source, unpacker, () => undefined);
  try {
    for await (const piece of piped as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    throw isFoundByUnpacker(error) ? refuse(error) : error;
  } finally {
    source.destroy();
    unpacker.destroy();
  }
}

/** zlib's errors have a number and a code of its own; a fault of the disk has a system call. */
function isFoundByUnpacker(error: unknown): error is Error {
  return types.isNativeError(error) && 'errno' in error && !('syscall' in error);
}
