import type { Compression, FetchedFile } from '../../engine/filePort.ts';
import { damaged, packedReader } from './packedReader.ts';

export const LZ4_MAGIC = 0x184d2204;
export const ZSTD_MAGIC = 0xfd2fb528;
const LZ4_LEGACY_MAGIC = 0x184c2102;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** A frame of LZ4 or Zstandard that holds nothing of the content: both have them, with the same 16 numbers. */
export function isSkippable(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
}

/**
 * How a file is packed, by its first bytes. One that ends within them is refused: no text begins like that.
 * @throws ExportRefused
 */
export async function packedForm(
  file: Pick<FetchedFile, 'bytes' | 'descriptor'>,
): Promise<Compression> {
  const reader = packedReader(file, 0);
  const start = Buffer.from(await reader.take(Math.min(4, file.bytes), 'its first bytes'));
  if (start.subarray(0, 2).equals(GZIP_MAGIC)) return 'gzip';
  if (start.length < 4) {
    if (start.length > 0 && MAGICS.some((magic) => start.equals(magic.subarray(0, start.length)))) {
      throw damaged(`it ends after ${start.length} bytes of what packed files begin with`, 0);
    }
    return 'none';
  }
  const first = start.readUInt32LE();
  let magic = first;
  while (isSkippable(magic)) {
    const bytes = (await reader.take(4, 'a skippable frame')).readUInt32LE();
    await reader.skip(bytes, 'a skippable frame');
    if (reader.isAtEnd()) return 'zstd';
    magic = (await reader.take(4, 'the beginning of a frame')).readUInt32LE();
  }
  if (magic === LZ4_MAGIC || magic === LZ4_LEGACY_MAGIC) return 'lz4';
  if (magic === ZSTD_MAGIC) return 'zstd';
  if (magic !== first) throw damaged('a skippable frame is followed by no frame', 0);
  return 'none';
}

const MAGICS = [GZIP_MAGIC, ...[LZ4_MAGIC, ZSTD_MAGIC].map(littleEndian)];

function littleEndian(magic: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(magic);
  return bytes;
}
