import type { ArchiveLimits } from '../domain/archiveFault.ts';

/** Fetching files and reading what is in them: the port behind which temporary files, ZIPs, exports and the like are kept. */
export interface FileEngine {
  /**
   * Streams a download into a temporary file that only this process can open, and hands it to `use`. The file is gone when `use`
   * has ended, whatever its outcome, and when the process is killed. A download that is cut off goes on from its last byte where
   * `download.onCut` says so and the server allows it, else from the first.
   * @throws what `download.open` throws; FileTooLarge; FileCut; what `use` throws
   */
  fetch<T>(
    download: FileDownload,
    use: (file: FetchedFile) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Compares a fetched file with what its provider says of it. Never guesses: a form of checksum that is not known proves nothing. */
  verify(file: FetchedFile, expected: ExpectedFile, signal: AbortSignal): Promise<Verification>;
  /** Reads the lines of every entry of a ZIP, in the order of its directory. See `ArchiveReading`. */
  readArchive(file: FetchedFile, limits: ArchiveReadLimits): ArchiveReading;
  /** Reads the rows of an exported file, packed or not. See `ExportReading`. */
  readExport(file: FetchedFile, how: ExportReadOptions, signal: AbortSignal): ExportReading;
  /**
   * Copies the file, as fetched, into a directory that is made where it is missing, under a name that leads out of nowhere:
   * whole or not at all, 0600, never over another file's bytes.
   * @returns its path
   */
  keep(file: FetchedFile, place: KeptPlace): Promise<string>;
}

export interface FileDownload {
  readonly open: OpenFile;
  /** A larger file is given up as soon as that is known. */
  readonly fileBytesMax: number;
  /**
   * Asked when a try has failed. `again`: another one, which goes on behind the bytes that are held. `give_up`: the failure is
   * thrown. @default give_up
   */
  readonly onCut?: (
    error: unknown,
    held: { readonly bytes: number },
  ) => Promise<'again' | 'give_up'>;
  readonly onProgress?: (progress: {
    readonly bytes: number;
    /** null when the server does not say. */
    readonly totalBytes: number | null;
  }) => void;
}

/** Begins one try: streams the file's bytes to `consume`. */
export type OpenFile = <T>(
  from: FileFrom,
  consume: (answer: FileAnswer) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** Where a try may begin. */
export interface FileFrom {
  /** 0, or the number of bytes that are held already. */
  readonly fromByte: number;
  /** The ETag under which they came, as the server wrote it; null when it gave none: then nothing can be gone on with. */
  readonly etag: string | null;
}

/** The answer of a try, whose body is still coming. */
export interface FileAnswer {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer>;
  /** Of the first byte of the body: 0, or `fromByte` where the server goes on behind what is held. */
  readonly startsAt: number;
  /** Of the whole file; null when the server does not say. */
  readonly totalBytes: number | null;
}

/** A fetched file. Valid inside `use` only. */
export interface FetchedFile {
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** 32 lower-case hex digits. */
  readonly md5: string;
  /** Of the last answer; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Open for reading; the file has no name any more. */
  readonly descriptor: number;
}

/** What a provider says of a file. null where it says nothing. */
export interface ExpectedFile {
  readonly bytes: number | null;
  /** The ETag of an object store: `"5D41..."`, `"5D41...-3"`, or anything else. */
  readonly checkSum: string | null;
}

export type Verification =
  /** The checksum is that of the bytes. `md5`: of the whole file; `multipart`: of the MD5s of its parts. */
  | { readonly kind: 'verified'; readonly by: 'md5' | 'multipart' }
  /** The size is right, or not told, and the checksum says nothing that could be compared. */
  | { readonly kind: 'unverified'; readonly why: UnverifiedReason }
  | { readonly kind: 'mismatch'; readonly what: 'size' | 'checksum'; readonly message: string };

/**
 * no_checksum: the provider gave none. unknown_form: it is neither an MD5 nor one of parts. unknown_parts: an ETag of parts
 * that none of the usual part sizes gives.
 */
export type UnverifiedReason = 'no_checksum' | 'unknown_form' | 'unknown_parts';

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

export const COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface ExportReadOptions {
  /** csv: with a header line, RFC 4180. json: one JSON object a line. */
  readonly format: 'csv' | 'json';
  /** Records that were read before, and are passed over now. */
  readonly skipRecords: number;
  /** The field that holds a row's time: unix seconds, or ISO 8601 with a zone. */
  readonly timeField: string;
  readonly limits: ExportLimits;
}

export interface ExportLimits {
  readonly unpackedBytesMax: number;
  /** Unpacked by packed, of files above 1 MiB unpacked. */
  readonly ratioMax: number;
  /** A longer record is a bad one. */
  readonly recordBytesMax: number;
}

/** One reading of an exported file. */
export interface ExportReading {
  /**
   * Records in the order of the file, some hundreds at a time; `records` counts on without a gap from `skipRecords`.
   * @throws ExportRefused when the file cannot be read any further; the signal's reason, also while records are passed over
   */
  readonly batches: AsyncIterable<ExportBatch>;
  /** As its first bytes tell, whatever its name says; null before they were read. */
  readonly compression: () => Compression | null;
  /** Read so far. */
  readonly unpackedBytes: () => number;
}

export interface ExportBatch {
  readonly rows: readonly ExportRow[];
  readonly bad: readonly BadRecord[];
  /** Records of the file up to the end of this batch, bad ones too. The header is none. */
  readonly records: number;
  /** Bytes of the file, as fetched, that have been read: for progress. */
  readonly packedBytes: number;
}

/** A record that can be stored. */
export interface ExportRow {
  /** Its place among the records of the file, from 1. */
  readonly rowNo: number;
  /** Epoch milliseconds; null when its time field is missing or says nothing that is a time. */
  readonly loggedAtMs: number | null;
  /** A JSON object as text, as jsonb can hold it; every digit of a number kept; pre-signed links withheld. */
  readonly content: string;
}

/** A record that cannot. */
export interface BadRecord {
  readonly rowNo: number;
  /** The line of the unpacked file on which it begins, from 1. */
  readonly line: number;
  /** `ragged`, `not_json`: one word, see docs/operations.md. */
  readonly reason: string;
  /** What is wrong, in words. */
  readonly message: string;
  /** Its beginning, 2,000 characters at most, pre-signed links withheld. */
  readonly text: string;
}

export const EXPORT_FAULTS = [
  /** Packed, and damaged or cut off. */
  'damaged',
  /** Unpacks to more than allowed. */
  'too_large',
  'ratio_too_high',
  /** A CSV file whose first line is no header. */
  'no_header',
] as const;
export type ExportFault = (typeof EXPORT_FAULTS)[number];

/** Thrown while an exported file is read: what was read before stands, the rest cannot be had. */
export class ExportRefused extends Error {
  readonly fault: ExportFault;

  constructor(fault: ExportFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'ExportRefused';
    this.fault = fault;
  }
}

/** Where an original file is kept. */
export interface KeptPlace {
  readonly directory: string;
  /** Folders below it, outermost first, and the file's name: any text, made harmless here. */
  readonly folders: readonly string[];
  readonly name: string;
}

/**
 * Thrown, or told to `onCut`, when a body ended well and still has not the length that was told. undici finds the usual cuts
 * itself; this one takes a Content-Range or a server that is wrong.
 */
export class FileCut extends Error {
  readonly bytes: number;
  readonly totalBytes: number;

  constructor(bytes: number, totalBytes: number) {
    super(`the file came to ${bytes} bytes, not to the ${totalBytes} that its server tells`);
    this.name = 'FileCut';
    this.bytes = bytes;
    this.totalBytes = totalBytes;
  }
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
