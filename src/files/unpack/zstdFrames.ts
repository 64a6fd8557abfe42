import { ExportRefused } from '../../engine/filePort.ts';
import { damaged, type PackedReader } from './packedReader.ts';
import { isSkippable, ZSTD_MAGIC } from './packedForm.ts';

const MIB = 1024 * 1024;
/** What `zstd --long` asks for, and what the zstd tool itself unpacks without being told to. */
const WINDOW_BYTES_MAX = 128 * MIB;
const BLOCK_BYTES_MAX = 128 * 1024;

/** A part of a Zstandard frame, as packed. Valid until the next one is asked for. */
export type ZstdPart =
  /** Checked; asks for no dictionary and no window beyond 128 MiB. */
  | { readonly kind: 'header'; readonly bytes: Buffer; readonly header: ZstdHeader }
  | { readonly kind: 'block'; readonly bytes: Buffer; readonly isLast: boolean }
  | { readonly kind: 'checksum'; readonly bytes: Buffer };

export interface ZstdHeader {
  readonly hasChecksum: boolean;
  /** null when the frame does not say. */
  readonly contentBytes: bigint | null;
}

/**
 * The frames of a Zstandard file in their parts, skippable ones left out. Proves that no frame is cut off: unpackers need not
 * notice. What is in a block is theirs to judge.
 * Source: RFC 8878, section 3.
 * @throws ExportRefused
 */
export async function* zstdParts(reader: PackedReader): AsyncGenerator<ZstdPart> {
  while (!reader.isAtEnd()) {
    const magic = (await reader.take(4, 'the beginning of a Zstandard frame')).readUInt32LE();
    if (isSkippable(magic)) {
      const bytes = (await reader.take(4, 'a skippable frame')).readUInt32LE();
      await reader.skip(bytes, 'a skippable frame');
    } else if (magic === ZSTD_MAGIC) {
      yield* partsOfFrame(reader);
    } else {
      throw damaged('a Zstandard frame is followed by something else', reader.position() - 4);
    }
  }
}

async function* partsOfFrame(reader: PackedReader): AsyncGenerator<ZstdPart> {
  const { bytes, header } = await readHeader(reader);
  yield { kind: 'header', bytes, header };
  for (let isLast = false; !isLast;) {
    const head = Buffer.from(await reader.take(3, 'a Zstandard block'));
    const fields = head.readUIntLE(0, 3);
    isLast = (fields & 1) === 1;
    const type = (fields >> 1) & 3;
    const size = fields >> 3;
    if (type === 3) throw damaged('a Zstandard block of an unknown type', reader.position());
    if (size > BLOCK_BYTES_MAX) {
      throw damaged('a Zstandard block is larger than the format allows', reader.position());
    }
    // A repeated byte stands once, whatever the size.
    const body = await reader.take(type === 1 ? 1 : size, 'a Zstandard block');
    yield { kind: 'block', bytes: Buffer.concat([head, body]), isLast };
  }
  if (header.hasChecksum) {
    yield { kind: 'checksum', bytes: await reader.take(4, 'the checksum of a Zstandard frame') };
  }
}

async function readHeader(
  reader: PackedReader,
): Promise<{ readonly bytes: Buffer; readonly header: ZstdHeader }> {
  const what = 'the header of a Zstandard frame';
  const flagByte = Buffer.from(await reader.take(1, what));
  const flags = flagByte.readUInt8();
  if ((flags & 0x08) !== 0) {
    throw damaged('a Zstandard frame of an unknown version', reader.position());
  }
  const isSingleSegment = (flags & 0x20) !== 0;
  const windowField = isSingleSegment ? 0 : 1;
  const dictionaryField = [0, 1, 2, 4][flags & 3] ?? 0;
  const contentField = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const rest = Buffer.from(await reader.take(windowField + dictionaryField + contentField, what));
  const dictionary = rest.subarray(windowField, windowField + dictionaryField);
  if (dictionary.some((byte) => byte !== 0)) {
    throw damaged('a Zstandard frame wants a dictionary, and there is none', reader.position());
  }
  const contentBytes = contentBytesOf(rest.subarray(windowField + dictionaryField));
  const windowBytes = isSingleSegment ? Number(contentBytes) : windowBytesOf(rest.readUInt8());
  if (windowBytes > WINDOW_BYTES_MAX) {
    const wants = `a Zstandard frame asks for a window of ${Math.ceil(windowBytes / MIB)} MiB`;
    throw new ExportRefused('damaged', `${wants}; ${WINDOW_BYTES_MAX / MIB} MiB are the most`);
  }
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(ZSTD_MAGIC);
  return {
    bytes: Buffer.concat([magic, flagByte, rest]),
    header: { hasChecksum: (flags & 0x04) !== 0, contentBytes },
  };
}

function contentBytesOf(field: Buffer): bigint | null {
  switch (field.length) {
    case 1:
      return BigInt(field.readUInt8());
    case 2:
      return BigInt(field.readUInt16LE() + 256);
    case 4:
      return BigInt(field.readUInt32LE());
    case 8:
      return field.readBigUInt64LE();
    default:
      return null;
  }
}

/** The window of a frame: 2^(10 + exponent), and so many eighths of it. */
function windowBytesOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
