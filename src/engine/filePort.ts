import type { ArchiveLimits } from '../domain/archiveFault.ts';
import type { ApiRequest, CloudApi } from '../providers/apiRequest.ts';

/** Fetching files and reading what is in them: the port behind which temporary files, ZIPs and the like are kept. */
export interface FileEngine {
  /**
   * Streams the answer of a download into a temporary file that only this process can open, and hands it to `use`. The file is
   * gone when `use` has ended, whatever its outcome, and when the process is killed.
   * @throws SourceError when the download fails; FileTooLarge; what `use` throws
   */
  fetch<T>(
    download: FileDownload,
    use: (file: FetchedFile) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Reads the lines of every entry of a ZIP, in the order of its directory. See `ArchiveReading`. */
  readArchive(file: FetchedFile, limits: ArchiveReadLimits): ArchiveReading;
}

export interface FileDownload {
  readonly api: CloudApi;
  readonly request: ApiRequest;
  /** A larger answer is given up as soon as that is known. */
  readonly fileBytesMax: number;
  readonly onProgress?: (progress: {
    readonly bytes: number;
    /** null when the server does not say. */
    readonly totalBytes: number | null;
  }) => void;
}

/** A fetched file. Valid inside `use` only. */
export interface FetchedFile {
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** Of the answer; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Open for reading; the file has no name any more. */
  readonly descriptor: number;
}

export interface ArchiveReadLimits extends ArchiveLimits {
  /** More of a line is left out, and counted. */
  readonly lineBytesMax: number;
}

/** A line of an entry. */
export interface ArchiveLine {
  readonly entry: ArchiveEntry;
  /** From 1. */
  readonly lineNumber: number;
  readonly text: string;
  /** Bytes that are left out because the line is too long; 0 for nearly all. */
  readonly cutBytes: number;
}

export interface ArchiveEntry {
  /** Its place in the directory of the archive, from 1: names may repeat. */
  readonly number: number;
  readonly name: string;
}

/** An entry that was read to its end. */
export interface ReadEntry extends ArchiveEntry {
  readonly bytes: number;
  readonly lines: number;
}

/** One reading of an archive. */
export interface ArchiveReading {
  /**
   * Lines as they are unpacked. Nothing is proven about them before the end: an entry's checksum is known after its last byte.
   * @throws ArchiveRefused
   */
  readonly lines: AsyncIterable<readonly ArchiveLine[]>;
  /** The entries read so far; directories are none. */
  readonly entries: () => readonly ReadEntry[];
}

/** Thrown when a file is larger than allowed. */
export class FileTooLarge extends Error {
  readonly fileBytesMax: number;

  constructor(fileBytesMax: number) {
    super(`the file is larger than ${fileBytesMax} bytes`);
    this.name = 'FileTooLarge';
    this.fileBytesMax = fileBytesMax;
  }
}
