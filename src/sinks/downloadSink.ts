import type { RejectedEntry } from '../domain/entry.ts';
import type { Moved } from './walkRef.ts';

/** One claim on a file: whoever claims later fences this one off. */
export interface DownloadRef {
  /** download_files.id */
  readonly fileId: string;
  readonly version: number;
}

/** A record of an exported file, as it is stored. */
export interface DownloadRow {
  /** From 1. */
  readonly rowNo: number;
  readonly loggedAtMs: number | null;
  /** JSON text, storable as jsonb. */
  readonly content: string;
}

export const FILE_STATUSES = ['waiting', 'loading', 'loaded', 'incomplete', 'failed'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

/** A file that was fetched and verified. */
export interface FetchedExport {
  readonly sha256: string;
  readonly bytes: number;
  /** True only when the checksum of the provider was compared with the bytes and fits. */
  readonly etagVerified: boolean;
  /** `md5`, `multipart`, or why nothing was compared: `no_checksum`, `unknown_form`, `unknown_parts`. */
  readonly verification: string;
  readonly contentType: string | null;
  /** Rows that the provider says the file has. Decimal text. */
  readonly logCount: string | null;
}

export interface DownloadProgress {
  /** Records read, bad ones too. */
  readonly records: number;
  readonly rows: number;
  readonly rejected: number;
}

/** How the loading of a file ended. */
export type DownloadEnding =
  | { readonly status: 'loaded'; readonly reason: null }
  | { readonly status: 'incomplete' | 'failed'; readonly reason: string };

export interface StoredDownload extends DownloadProgress {
  readonly status: FileStatus;
  /** Why it is incomplete or failed, or why the last try did. */
  readonly reason: string | null;
}

/** The file of a job that is still to be loaded. */
export interface OpenDownload {
  readonly streamId: string;
  readonly entryKey: string;
}

/** Files of finished export jobs, and their rows. Every method is one transaction. */
export interface DownloadSink {
  /**
   * Notes that the files of these jobs of download_jobs are to be loaded, of those among them that have this status. Files noted
   * before stay as they are.
   * @returns the jobs whose files wait or are being loaded, in no order
   */
  wantDownloads(want: {
    readonly streamId: string;
    readonly entryKeys: readonly string[];
    readonly status: string;
    readonly nowMs: number;
  }): Promise<readonly OpenDownload[]>;

  /** Files that wait or are being loaded, by id after `afterId` ('0' first), at most `limit`. */
  openDownloads(query: {
    readonly streamId: string;
    readonly afterId: string;
    readonly limit: number;
  }): Promise<readonly (OpenDownload & { readonly id: string })[]>;

  /** Claims the file of a job. `ended`: it is loaded, incomplete or failed already. `absent`: nobody wants it. */
  beginDownload(claim: {
    readonly streamId: string;
    readonly entryKey: string;
  }): Promise<
    | { readonly kind: 'begun'; readonly download: DownloadRef }
    | { readonly kind: 'ended'; readonly file: StoredDownload }
    | { readonly kind: 'absent' }
  >;

  /**
   * Notes what was fetched. The same bytes as before (sha256): loading goes on behind the records that are stored. Others: what
   * was stored of the file is removed, and loading begins anew.
   */
  startLoading(start: {
    readonly download: DownloadRef;
    readonly file: FetchedExport;
    readonly nowMs: number;
  }): Promise<
    | { readonly kind: 'loading'; readonly download: DownloadRef; readonly from: DownloadProgress }
    | Moved
  >;

  /** Rows, bad records and position in one transaction, or none of it (P3). `progress` is the position behind the batch. */
  appendRows(append: {
    readonly download: DownloadRef;
    readonly streamId: string;
    readonly rows: readonly DownloadRow[];
    readonly rejected: readonly RejectedEntry[];
    readonly progress: DownloadProgress;
    readonly nowMs: number;
  }): Promise<{ readonly kind: 'stored'; readonly download: DownloadRef } | Moved>;

  /** Ends the loading, and shows its end at the job too. */
  endDownload(end: {
    readonly download: DownloadRef;
    readonly ending: DownloadEnding;
    readonly compression: string | null;
    readonly keptAt: string | null;
    readonly nowMs: number;
  }): Promise<{ readonly kind: 'ended' } | Moved>;

  /** Notes why a try has failed that will be made again; the file stays as it is. */
  noteDownloadError(note: {
    readonly download: DownloadRef;
    readonly error: string;
  }): Promise<void>;

  /** Lets files of the stream that have ended as failed or incomplete be loaded anew. @returns how many */
  retryDownloads(retry: { readonly streamId: string }): Promise<number>;

  readDownload(query: {
    readonly streamId: string;
    readonly entryKey: string;
  }): Promise<StoredDownload | null>;
}
