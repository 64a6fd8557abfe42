import { crc32 } from 'node:zlib';
import { fromFdPromise, getFileNameLowLevel, type Entry, type ZipFile } from 'yauzl';
import {
  ArchiveRefused,
  faultOfEntries,
  shownName,
  tooMany,
  type ArchiveFault,
  type DeclaredEntry,
} from '../domain/archiveFault.ts';
import type {
  ArchiveEntry,
  ArchiveLine,
  ArchiveReading,
  ArchiveReadLimits,
  FetchedFile,
  ReadEntry,
} from '../engine/filePort.ts';
import { textLines } from './lines.ts';

/**
 * Reads a ZIP by its directory: see FileEngine.readArchive. The whole directory is judged before the first byte of an entry is
 * unpacked. yauzl bounds an entry by its declared size; names, links, counts, sizes, ratio, overlaps and checksums are judged
 * here, since no ZIP library does.
 */
export function readArchive(file: FetchedFile, limits: ArchiveReadLimits): ArchiveReading {
  const read: ReadEntry[] = [];
  return { lines: linesOf(file, limits, read), entries: () => read };
}

async function* linesOf(
  file: FetchedFile,
  limits: ArchiveReadLimits,
  read: ReadEntry[],
): AsyncGenerator<readonly ArchiveLine[]> {
  const zip = await openZip(file);
  const directory = await readDirectory(zip, limits);
  const fault = faultOfEntries(
    directory.map(({ declared }) => declared),
    limits,
  );
  if (fault !== null) throw fault;
  for (const [index, { entry, declared }] of directory.entries()) {
    const { name } = declared;
    if (name.endsWith('/') && declared.bytes === 0) continue;
    const known: ArchiveEntry = { number: index + 1, name };
    let lineNumber = 0;
    for await (const lines of textLines(checkedBytes(zip, entry, declared), limits)) {
      yield lines.map((line) => {
        lineNumber += 1;
        return { entry: known, lineNumber, text: line.text, cutBytes: line.cutBytes };
      });
    }
    read.push({ ...known, bytes: declared.bytes, lines: lineNumber });
  }
}

async function openZip(file: FetchedFile): Promise<ZipFile> {
  try {
    // The descriptor is the caller's to close. Names are decoded and judged here: they may be GBK.
    return await fromFdPromise(file.descriptor, {
      autoClose: false,
      decodeStrings: false,
      validateEntrySizes: true,
    });
  } catch (error) {
    throw refusedBy(error, 'not_an_archive', 'the archive');
  }
}

interface ListedEntry {
  readonly entry: Entry;
  readonly declared: DeclaredEntry;
}

async function readDirectory(
  zip: ZipFile,
  limits: ArchiveReadLimits,
): Promise<readonly ListedEntry[]> {
  if (zip.entryCount > limits.entriesMax) throw tooMany(limits);
  const listed: ListedEntry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      listed.push({ entry, declared: declaredBy(entry) });
      if (listed.length > limits.entriesMax) throw tooMany(limits);
    }
  } catch (error) {
    throw refusedBy(error, 'not_an_archive', 'its directory');
  }
  return listed;
}

const UNIX = 3;
const FILE_TYPE = 0o170_000;
const SYMLINK = 0o120_000;

function declaredBy(entry: Entry): DeclaredEntry {
  const mode = entry.externalFileAttributes >>> 16;
  const isUnix = entry.versionMadeBy >>> 8 === UNIX;
  return {
    name: nameOf(entry),
    isEncrypted: entry.isEncrypted(),
    isSymlink: isUnix && (mode & FILE_TYPE) === SYMLINK,
    compressionMethod: entry.compressionMethod,
    packedBytes: entry.compressedSize,
    bytes: entry.uncompressedSize,
    offset: entry.relativeOffsetOfLocalHeader,
  };
}

const UTF8_FLAG = 0x800;
const UNICODE_PATH_FIELD = 0x7075;

/**
 * UTF-8 where the entry says so or its name is UTF-8 anyway, else GBK, as Windows in Chinese writes it, else CP437, as the ZIP
 * specification has it.
 */
function nameOf(entry: Entry): string {
  const { fileNameRaw: raw, generalPurposeBitFlag: flags, extraFields } = entry;
  const isMarked =
    (flags & UTF8_FLAG) !== 0 || extraFields.some(({ id }) => id === UNICODE_PATH_FIELD);
  if (!isMarked) {
    for (const encoding of ['utf-8', 'gb18030']) {
      try {
        return new TextDecoder(encoding, { fatal: true }).decode(raw);
      } catch {
        continue; // not in this encoding
      }
    }
  }
  return getFileNameLowLevel(flags, raw, extraFields, true);
}

/** The unpacked bytes of an entry. Ends well only when their number and checksum are what the directory declares. */
async function* checkedBytes(
  zip: ZipFile,
  entry: Entry,
  { name, bytes: declaredBytes }: DeclaredEntry,
): AsyncGenerator<Buffer> {
  let checksum = 0;
  let bytes = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const piece of stream as AsyncIterable<Buffer>) {
      checksum = crc32(piece, checksum);
      bytes += piece.length;
      yield piece;
    }
  } catch (error) {
    throw refusedBy(error, 'damaged', shownName(name));
  }
  if (bytes !== declaredBytes) {
    const message = `${shownName(name)} unpacks to ${bytes} bytes and declares ${declaredBytes}`;
    throw new ArchiveRefused('wrong_size', message);
  }
  if (checksum !== entry.crc32) {
    throw new ArchiveRefused(
      'wrong_crc',
      `the checksum of ${shownName(name)} does not fit its bytes`,
    );
  }
}

/**
 * What yauzl or zlib found. A fault of the machine (the disk, a closed descriptor) is none of the archive and passes as it is.
 * yauzl tells some faults by its message alone.
 */
function refusedBy(error: unknown, fault: ArchiveFault, where: string): unknown {
  if (!(error instanceof Error) || error instanceof ArchiveRefused || isSystemError(error)) {
    return error;
  }
  const told = TOLD_FAULTS.find(([message]) => message.test(error.message))?.[1] ?? fault;
  const message = `${where} cannot be read: ${error.message.slice(0, 200)}`;
  return new ArchiveRefused(told, message, error);
}

const TOLD_FAULTS: readonly (readonly [message: RegExp, fault: ArchiveFault])[] = [
  [/^(?:too many|not enough) bytes in the stream|size mismatch for stored file/, 'wrong_size'],
  [/^strong encryption/, 'encrypted'],
];

function isSystemError(error: Error): boolean {
  return 'syscall' in error;
}
