import { crc32, deflateRawSync } from 'node:zlib';

/** One entry to be written, with everything a liar may want to say about it. */
export interface ZipEntry {
  /** Bytes for a name that is not UTF-8. */
  readonly name: string | Buffer;
  readonly data: Buffer;
  /** @default false: deflated */
  readonly stored?: boolean;
  /** @default UTF-8 names are marked as such */
  readonly flags?: number;
  /** Sizes and checksum follow the data, as a writer that streams puts them. @default false */
  readonly descriptor?: boolean;
  /** Sizes and offset in ZIP64 fields. @default false */
  readonly zip64?: boolean;
  /** Unix file mode. @default 0o100644 */
  readonly mode?: number;
  /** What is declared instead of the truth. */
  readonly declared?: { readonly bytes?: number; readonly crc?: number; readonly method?: number };
  /** How often the directory lists it, all on the same bytes. @default 1 */
  readonly listings?: number;
}

const UTF8 = 0x800;
const DESCRIPTOR = 0x8;
const MAX32 = 0xffff_ffff;
const UNIX_30 = 0x031e;
/** 22 November 2026, 13:19. */
const DOS_TIME = 0x6a60;
const DOS_DATE = 0x5d76;

interface WrittenEntry {
  readonly entry: ZipEntry;
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

/** The bytes of a ZIP with these entries. Written from the ZIP specification (APPNOTE 6.3.10), and shared with no reader. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  let offset = 0;
  const written = entries.map((entry): WrittenEntry => {
    const packed = entry.stored === true ? entry.data : deflateRawSync(entry.data, { level: 1 });
    const known: WrittenEntry = {
      entry,
      name: typeof entry.name === 'string' ? Buffer.from(entry.name, 'utf8') : entry.name,
      flags:
        (entry.flags ?? (typeof entry.name === 'string' ? UTF8 : 0)) |
        (entry.descriptor === true ? DESCRIPTOR : 0),
      method: entry.declared?.method ?? (entry.stored === true ? 0 : 8),
      crc: entry.declared?.crc ?? crc32(entry.data),
      packedBytes: packed.length,
      bytes: entry.declared?.bytes ?? entry.data.length,
      offset,
    };
    const pieces = [
      localHeader(known),
      packed,
      ...(entry.descriptor === true ? [trailer(known)] : []),
    ];
    parts.push(...pieces);
    offset += pieces.reduce((sum, piece) => sum + piece.length, 0);
    return known;
  });
  const directory = written.flatMap((known) =>
    Array.from({ length: known.entry.listings ?? 1 }, () => directoryRecord(known)),
  );
  const directoryBytes = directory.reduce((sum, record) => sum + record.length, 0);
  const isZip64 = entries.some(({ zip64 }) => zip64 === true) || directory.length > 0xffff;
  const end = { count: directory.length, directoryBytes, offset, isZip64 };
  return Buffer.concat([...parts, ...directory, ...endRecords(end)]);
}

function localHeader({
  entry,
  name,
  flags,
  method,
  crc,
  packedBytes,
  bytes,
}: WrittenEntry): Buffer {
  const later = entry.descriptor === true;
  const extra = entry.zip64 === true && !later ? zip64Field([bytes, packedBytes]) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  header.writeUInt16LE(entry.zip64 === true ? 45 : 20, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(method, 8);
  header.writeUInt16LE(DOS_TIME, 10);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt32LE(later ? 0 : crc, 14);
  header.writeUInt32LE(later ? 0 : entry.zip64 === true ? MAX32 : packedBytes, 18);
  header.writeUInt32LE(later ? 0 : entry.zip64 === true ? MAX32 : bytes, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

function trailer({ crc, packedBytes, bytes }: WrittenEntry): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt32LE(0x0807_4b50, 0);
  record.writeUInt32LE(crc, 4);
  record.writeUInt32LE(packedBytes, 8);
  record.writeUInt32LE(bytes, 12);
  return record;
}

function directoryRecord(known: WrittenEntry): Buffer {
  const { entry, name, flags, method, crc, packedBytes, bytes, offset } = known;
  const is64 = entry.zip64 === true;
  const extra = is64 ? zip64Field([bytes, packedBytes, offset]) : Buffer.alloc(0);
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x0201_4b50, 0);
  record.writeUInt16LE(UNIX_30, 4);
  record.writeUInt16LE(is64 ? 45 : 20, 6);
  record.writeUInt16LE(flags, 8);
  record.writeUInt16LE(method, 10);
  record.writeUInt16LE(DOS_TIME, 12);
  record.writeUInt16LE(DOS_DATE, 14);
  record.writeUInt32LE(crc, 16);
  record.writeUInt32LE(is64 ? MAX32 : packedBytes, 20);
  record.writeUInt32LE(is64 ? MAX32 : bytes, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(((entry.mode ?? 0o100_644) << 16) >>> 0, 38);
  record.writeUInt32LE(is64 ? MAX32 : offset, 42);
  return Buffer.concat([record, name, extra]);
}

function zip64Field(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + values.length * 8);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(values.length * 8, 2);
  for (const [index, value] of values.entries()) {
    field.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  }
  return field;
}

function endRecords(end: {
  readonly count: number;
  readonly directoryBytes: number;
  readonly offset: number;
  readonly isZip64: boolean;
}): readonly Buffer[] {
  const { count, directoryBytes, offset, isZip64 } = end;
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x0605_4b50, 0);
  last.writeUInt16LE(isZip64 ? 0xffff : count, 8);
  last.writeUInt16LE(isZip64 ? 0xffff : count, 10);
  last.writeUInt32LE(isZip64 ? MAX32 : directoryBytes, 12);
  last.writeUInt32LE(isZip64 ? MAX32 : offset, 16);
  if (!isZip64) return [last];
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x0606_4b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(directoryBytes), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x0706_4b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + directoryBytes), 8);
  locator.writeUInt32LE(1, 16);
  return [record, locator, last];
}
