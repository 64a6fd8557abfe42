/** Why an archive is refused as a whole, with nothing of it stored. */
export const ARCHIVE_FAULTS = [
  /** No ZIP at all, or one that is cut off: its directory cannot be read. */
  'not_an_archive',
  /** The directory can be read, a file in it cannot. */
  'damaged',
  /** `../`, `/abs`, `C:\`: names that lead out of the archive. */
  'unsafe_name',
  'nul_in_name',
  'symlink',
  'encrypted',
  'unknown_compression',
  'too_many_entries',
  'entry_too_large',
  'too_large',
  /** Unpacks to so many times its size that it is a bomb rather than a log. */
  'ratio_too_high',
  /** Two entries share bytes of the archive, so that little unpacks to much. */
  'overlapping_entries',
  /** An entry unpacks to more or less than it declares. */
  'wrong_size',
  'wrong_crc',
] as const;
export type ArchiveFault = (typeof ARCHIVE_FAULTS)[number];

/** Thrown while an archive is read. The message tells what is wrong with which entry. */
export class ArchiveRefused extends Error {
  readonly fault: ArchiveFault;

  constructor(fault: ArchiveFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'ArchiveRefused';
    this.fault = fault;
  }
}

/** An entry as the archive's directory declares it. Nothing of this is believed before its bytes were read. */
export interface DeclaredEntry {
  readonly name: string;
  readonly isEncrypted: boolean;
  /** The Unix file type says so. */
  readonly isSymlink: boolean;
  /** 0 stored, 8 deflated. */
  readonly compressionMethod: number;
  /** As packed. */
  readonly packedBytes: number;
  /** As unpacked. */
  readonly bytes: number;
  /** Where its local header begins in the archive. */
  readonly offset: number;
}

export interface ArchiveLimits {
  readonly entriesMax: number;
  readonly entryBytesMax: number;
  readonly totalBytesMax: number;
  /** Unpacked by packed, of entries above 1 MiB: deflate ends near 1032, repetitive logs may pass 100. */
  readonly ratioMax: number;
}

const ratioFromBytes = 1024 * 1024;
/** The shortest local header: fixed part without name and extra field. */
const localHeaderBytesMin = 30;

/** What is wrong with the declared entries, in the order of the directory; null when nothing is. Data in, data out. */
export function faultOfEntries(
  entries: readonly DeclaredEntry[],
  limits: ArchiveLimits,
): ArchiveRefused | null {
  if (entries.length > limits.entriesMax) return tooMany(limits);
  let totalBytes = 0;
  for (const entry of entries) {
    const fault = faultOfEntry(entry, limits);
    if (fault !== null) return fault;
    totalBytes += entry.bytes;
    if (totalBytes > limits.totalBytesMax) {
      return refused('too_large', `its entries unpack to more than ${limits.totalBytesMax} bytes`);
    }
  }
  return overlapOf(entries);
}

/** The refusal of an archive with more entries than allowed: also thrown while its directory is still being read. */
export function tooMany(limits: Pick<ArchiveLimits, 'entriesMax'>): ArchiveRefused {
  return refused('too_many_entries', `it has more than ${limits.entriesMax} entries`);
}

function faultOfEntry(entry: DeclaredEntry, limits: ArchiveLimits): ArchiveRefused | null {
  const { name, bytes, packedBytes, compressionMethod: method } = entry;
  const shown = shownName(name);
  if (name.includes('\0')) return refused('nul_in_name', `the name of ${shown} holds a NUL`);
  if (leadsOut(name))
    return refused('unsafe_name', `the name of ${shown} leads out of the archive`);
  if (entry.isSymlink) return refused('symlink', `${shown} is a symbolic link`);
  if (entry.isEncrypted) return refused('encrypted', `${shown} is encrypted`);
  if (method !== 0 && method !== 8) {
    return refused('unknown_compression', `${shown} is packed by method ${method}`);
  }
  if (bytes > limits.entryBytesMax) {
    return refused('entry_too_large', `${shown} unpacks to ${bytes} bytes`);
  }
  if (method === 0 && bytes !== packedBytes) {
    return refused('wrong_size', `${shown} is not packed, and yet declares another size`);
  }
  if (bytes > ratioFromBytes && bytes > packedBytes * limits.ratioMax) {
    return refused('ratio_too_high', `${shown} unpacks to ${bytes} bytes out of ${packedBytes}`);
  }
  return null;
}

/** Absolute, with a drive, or with a `..` segment; backslashes count as slashes. */
function leadsOut(name: string): boolean {
  const path = name.replaceAll('\\', '/');
  return path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..');
}

function overlapOf(entries: readonly DeclaredEntry[]): ArchiveRefused | null {
  const byOffset = entries.toSorted((a, b) => a.offset - b.offset);
  let endsAt = 0;
  for (const entry of byOffset) {
    if (entry.offset < endsAt) {
      const shown = shownName(entry.name);
      return refused('overlapping_entries', `${shown} shares its bytes with another entry`);
    }
    endsAt = entry.offset + localHeaderBytesMin + entry.packedBytes;
  }
  return null;
}

/** A name fit for a message: foreign text, on one line, short. */
export function shownName(name: string): string {
  const line = name.replaceAll(/[\p{Cc}\p{Cs}]/gu, '\u{FFFD}');
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 79)}…` : line);
}

function refused(fault: ArchiveFault, what: string): ArchiveRefused {
  return new ArchiveRefused(fault, what);
}
