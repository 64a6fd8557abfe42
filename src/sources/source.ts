import type { z } from 'zod';
import type { ArchiveLimits } from '../domain/archiveFault.ts';
import type { RecheckBounds } from '../domain/archiveVisit.ts';
import type { ColumnValue, EntryTable, FileTable, JobTable } from '../domain/column.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import type { ExportOrder } from '../domain/exportOrder.ts';
import type { JsonValue } from '../domain/json.ts';
import type { ApiRequest, Product } from '../providers/apiRequest.ts';
import type { WindowListing } from './windowListing.ts';

/** One entry of an answer, read: storable, or not. `drift` tells what differed from the API page either way. */
export type EntryReading =
  | { readonly kind: 'entry'; readonly entry: JobEntry; readonly drift: readonly Drift[] }
  | { readonly kind: 'rejected'; readonly entry: RejectedEntry; readonly drift: readonly Drift[] };

/** One page of a list, read. `total` is null when the answer has none that is a whole number >= 0. */
export interface ListPage {
  readonly entries: readonly EntryReading[];
  readonly total: number | null;
  readonly drift: readonly Drift[];
}

/** One page of a list that is asked by page number, with what it says of itself; null where it says nothing readable. */
export interface NumberedPage extends ListPage {
  readonly pageNumber: number | null;
  readonly pageSize: number | null;
}

/** A list that is asked by offset and size. */
export interface OffsetListing<Stream> {
  readonly kind: 'offset';
  /** `offset` >= 0, rows; `size` >= 1, rows. */
  readonly request: (stream: Stream, at: { offset: number; size: number }) => ApiRequest;
  /** @returns null when the body is not a list at all (that is drift, not an empty page) */
  readonly read: (body: JsonValue, stream: Stream) => ListPage | null;
}

/** A list that is asked by page number and page size. */
export interface PageListing<Stream> {
  readonly kind: 'page';
  /** `pageNumber` from 1; `pageSize` >= 1, rows. */
  readonly request: (stream: Stream, page: { pageNumber: number; pageSize: number }) => ApiRequest;
  /** @returns null when the body is not a list at all (that is drift, not an empty page) */
  readonly read: (body: JsonValue, stream: Stream) => NumberedPage | null;
}

/** How one job's status is asked. */
export interface JobTracking<Stream> {
  readonly terminal: ReadonlySet<string>;
  readonly request: (stream: Stream, jobKey: string) => ApiRequest;
  readonly read: (body: JsonValue, stream: Stream) => EntryReading;
  /** True when this refusal says that the job is gone, not that the request was wrong. */
  readonly isGone: (refusal: { status: number | undefined; code: string | undefined }) => boolean;
}

/** How jobs are ordered. The order's name becomes the job's, by which `JobTracking.request` finds it. */
export interface JobOrdering<Stream> {
  readonly request: (stream: Stream, order: ExportOrder) => ApiRequest;
  /** The status of a job whose file can be had. */
  readonly succeeded: string;
  /**
   * In what the job of an order's name is not what was ordered: none for the order's own job. What the answer leaves out says
   * nothing.
   */
  readonly differences: (job: JobEntry, order: ExportOrder) => readonly string[];
}

/** What every source tells of itself: data and pure functions, one file each, listed in registry.ts. */
interface SourceBase<Stream> {
  /** `aliyun.sls.download_jobs`: the value of `streams.*.source`. */
  readonly id: string;
  readonly provider: 'aliyun' | 'huawei';
  readonly product: Product;
  /** One sentence for `logferry schema` and the docs. */
  readonly title: string;
  /** The keys of a stream of this source besides `source`, `account` and `schedule`. */
  readonly streamSchema: z.ZodType<Stream>;
  /** One small real request, for `logferry check`. */
  readonly probe: Probe<Stream>;
}

/** A request that shows whether a stream can be read at all. */
export interface Probe<Stream> {
  readonly request: (stream: Stream, nowMs: number) => ApiRequest;
  /** @returns what the answer shows, `12 jobs listed`; null when it is not what the API page promises */
  readonly found: (body: JsonValue, stream: Stream) => string | null;
}

/** A listing of jobs: each is stored as one row that changes, and followed until its status is terminal. */
export interface JobSource<Stream = unknown> extends SourceBase<Stream> {
  readonly kind: 'jobs';
  readonly pageSize: (stream: Stream) => number;
  readonly listing: OffsetListing<Stream> | PageListing<Stream>;
  readonly table: JobTable;
  readonly tracking: JobTracking<Stream>;
  /** For jobs that can be ordered. @default they cannot */
  readonly ordering?: JobOrdering<Stream>;
  /** How the files of finished jobs are had; left out where jobs have none. */
  readonly download?: JobDownload<Stream>;
}

/** The files of finished jobs. */
export interface JobDownload<Stream> {
  /** Whether this stream loads them. */
  readonly isWanted: (stream: Stream) => boolean;
  /** The status of jobs that have one. */
  readonly status: string;
  /** Reads the answer of `tracking.request`. */
  readonly read: (body: JsonValue) => JobFile;
  /** The field that holds the time of a row. */
  readonly timeField: (stream: Stream) => string;
  /** False: a checksum that does not fit is noted, and the file loaded all the same. */
  readonly isCheckSumBinding: (stream: Stream) => boolean;
}

/** What the provider says of a job's file. null where it says nothing that can be read. */
export interface JobFile {
  /** A secret (P8): whoever has it can read the file. */
  readonly link: string | null;
  readonly bytes: number | null;
  /** The ETag of the file. */
  readonly checkSum: string | null;
  /** Rows in it. Decimal text. */
  readonly logCount: string | null;
  /** `csv` or `json`; anything else is a format that nobody documented. */
  readonly contentType: string | null;
}

/** Archives that are fetched one by one by their key; each is a ZIP of text files, stored line by line. */
export interface ArchiveSource<Stream = unknown> extends Omit<SourceBase<Stream>, 'probe'> {
  readonly probe: FileProbe<Stream>;
  readonly kind: 'archives';
  readonly table: FileTable;
  /** The configured keys. */
  readonly keys: (stream: Stream) => readonly string[];
  /** True for a text that can be a key. */
  readonly isKey: (text: string) => boolean;
  /** The download of one archive. */
  readonly request: (stream: Stream, key: string) => ApiRequest;
  /** True when this refusal is about the key alone, and others may still be had. */
  readonly isKeyRefused: (refusal: {
    readonly status: number | undefined;
    readonly code: string | undefined;
  }) => boolean;
  readonly recheck: (stream: Stream) => RecheckBounds;
  readonly limits: (
    stream: Stream,
  ) => ArchiveLimits & { readonly fileBytesMax: number; readonly lineBytesMax: number };
  /** Makes the row of a line: a value for each column of `table.rows`, in their order. */
  readonly rows: (stream: Stream) => (line: SourceLine) => readonly ColumnValue[];
  /** What is stored of the archive itself. */
  readonly file: (facts: ArchiveFacts) => {
    readonly columns: Readonly<Record<string, ColumnValue>>;
    readonly raw: JsonValue;
  };
  readonly discovery: ArchiveDiscovery<Stream>;
}

/** A line as it was read. Numbers count from 1. */
export interface SourceLine {
  readonly entryNumber: number;
  readonly entryName: string;
  readonly lineNumber: number;
  readonly text: string;
  /** Bytes that are left out because the line is too long. */
  readonly cutBytes: number;
}

/** What is known of an archive once it was read. */
export interface ArchiveFacts {
  /** Of the answer; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly entries: readonly {
    readonly number: number;
    readonly name: string;
    readonly bytes: number;
    readonly lines: number;
  }[];
  /** What led to the key where it was discovered; null for a configured one. */
  readonly origin: JsonValue;
}

/** How keys are found: projects hold tasks, tasks hold executions, executions name keys. Each list is read page by page. */
export interface ArchiveDiscovery<Stream> {
  /** None: discovery is off. */
  readonly projects: (stream: Stream) => readonly string[];
  readonly tasks: DiscoveryList<Stream>;
  readonly jobs: DiscoveryList<Stream>;
}

export interface DiscoveryList<Stream> {
  /** The page of this number, from 1, of the list below `parent`. */
  readonly request: (stream: Stream, parent: string, page: number) => ApiRequest;
  /** @returns null when the body is no list at all */
  readonly read: (body: JsonValue) => DiscoveredPage | null;
}

export interface DiscoveredPage {
  readonly items: readonly DiscoveredItem[];
  /** Rows on the page, readable or not. */
  readonly rows: number;
  readonly total: number | null;
}

export interface DiscoveredItem {
  readonly id: string;
  /** Changes when there may be something new below the item; null when it does not say. */
  readonly version: string | null;
  readonly keys: readonly string[];
  /** False while it goes on, and may name further keys. */
  readonly isOver: boolean;
  /** Where the item names no key: what may be one. */
  readonly guess: string | null;
  readonly raw: JsonValue;
}

/** A download that shows whether a stream can be read at all. */
export interface FileProbe<Stream> {
  /** null: nothing is configured that could be asked for. */
  readonly download: (stream: Stream) => ApiRequest | null;
}

/** An entry of an owned list, read. */
export type OwnedReading =
  | {
      readonly kind: 'entry';
      /** What makes two entries twins: equal for the same entry in every answer. Any text. */
      readonly content: string;
      readonly columns: Readonly<Record<string, ColumnValue>>;
      readonly raw: JsonValue;
      readonly drift: readonly Drift[];
    }
  | { readonly kind: 'rejected'; readonly entry: RejectedEntry; readonly drift: readonly Drift[] };

/** One page of a token list, read. */
export interface TokenPage<Entry> {
  readonly entries: readonly Entry[];
  /** null on the last page. */
  readonly nextToken: string | null;
  /** Whether the answer says in words that there is more; null when it says nothing. */
  readonly truncated: boolean | null;
  readonly drift: readonly Drift[];
}

/** A list that is asked by token; `At` says which list. */
export interface TokenListing<Stream, At, Entry> {
  /** `token`: null for the first page. */
  readonly request: (stream: Stream, at: At, token: string | null) => ApiRequest;
  /** @returns null when the body is not a list at all (that is drift, not an empty page) */
  readonly read: (body: JsonValue, stream: Stream, at: At) => TokenPage<Entry> | null;
}

/** Which owners are asked for: one by its id, or all that the stream's settings select at this time. */
export type OwnersAsked =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'selected'; readonly nowMs: number };

/**
 * Lists of entries without an id, each of which grows until its owner has ended: the logs of an execution. Owners are jobs, named in
 * the configuration or selected by a listing; each is followed until its status is terminal, and its list read once more after that.
 */
export interface OwnedListSource<Stream = unknown> extends SourceBase<Stream> {
  readonly kind: 'owned_lists';
  readonly owners: {
    /** `execution`: what messages call them. */
    readonly noun: string;
    /** The ids named in the configuration; null: owners are selected by a listing. */
    readonly named: (stream: Stream) => readonly string[] | null;
    readonly listing: TokenListing<Stream, OwnersAsked, EntryReading>;
    /**
     * `columns` holds started_at and ended_at, which the source fills, and last_read_at, next_read_at and closed_at, which
     * engine/readOwnedLists.ts fills.
     */
    readonly table: JobTable;
    readonly terminal: ReadonlySet<string>;
    /** How long after an owner's end entries may still come in. Milliseconds. */
    readonly settleMs: (stream: Stream) => number;
  };
  readonly listing: TokenListing<Stream, { readonly ownerId: string }, OwnedReading>;
  /** `columns` holds `occurrence`, which the engine fills: the nth of its content in its list, from 1. */
  readonly table: EntryTable;
  /** True when this refusal says that the owner is gone, not that the request was wrong. */
  readonly isGone: (refusal: { status: number | undefined; code: string | undefined }) => boolean;
}

/** Rows that are asked for by windows of time. */
export interface WindowSource<Stream = unknown> extends SourceBase<Stream>, WindowListing<Stream> {
  readonly kind: 'windows';
}

/** An API LogFerry can read. `kind` says how it is walked (engine/walkStream.ts) and what it stores. */
export type Source<Stream = unknown> =
  JobSource<Stream> | OwnedListSource<Stream> | ArchiveSource<Stream> | WindowSource<Stream>;
