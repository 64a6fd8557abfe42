import type { CountedTable, JobTable } from '../domain/column.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import type { DownloadSink, FileStatus } from './downloadSink.ts';
import type { EntrySink } from './entrySink.ts';
import type { FileSink } from './fileSink.ts';
import type { OrderSink } from './orderSink.ts';
import type { Moved, WalkRef } from './walkRef.ts';

export type { DownloadProgress, DownloadRef, DownloadRow, OpenDownload } from './downloadSink.ts';
export type { FileFinish, FileOutcome } from './fileSink.ts';
export type { NewOrder, OrderSink, StoredOrder } from './orderSink.ts';
export type { WalkRef } from './walkRef.ts';

/**
 * Where entries go: the one port to storage. Two implementations (postgres/, memory.ts) pass one contract suite.
 * Ids are decimal strings. Times are epoch milliseconds passed by the caller. Every method that writes is one transaction.
 */
export interface Sink
  extends
    WalkSink,
    EntrySink,
    FileSink,
    DownloadSink,
    JobSink,
    OrderSink,
    BudgetStore,
    OperationsStore {
  close(): Promise<void>;
}

export interface StreamIdentity {
  readonly name: string;
  /** Source id, `aliyun.sls.download_jobs`. */
  readonly source: string;
  readonly account: string;
}

export interface JobPage {
  readonly walk: WalkRef;
  readonly table: JobTable;
  readonly terminal: ReadonlySet<string>;
  /** May repeat a key; the last one counts, earlier ones count as duplicates. */
  readonly entries: readonly JobEntry[];
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
  /** The checkpoint that stands once this page is stored. */
  readonly state: JsonValue;
  /** Requests that were sent for this page, repeats included. */
  readonly requests: number;
  /** Restarts of the walk so far. */
  readonly restarts: number;
  readonly totalReported: number | null;
  /** When the answer was asked for: what was stored since is newer than it. */
  readonly askedAtMs: number;
  readonly nowMs: number;
}

export type PageOutcome =
  | {
      readonly kind: 'stored';
      /** The walk to go on with: same walk, next version. */
      readonly walk: WalkRef;
      readonly inserted: number;
      readonly updated: number;
      /** Entries already stored with the same content. inserted + updated + duplicates = entries given. */
      readonly duplicates: number;
      /** Jobs of this page that are not settled after the write, to be tracked. */
      readonly open: readonly OpenJob[];
    }
  | Moved;

export interface OpenJob {
  readonly streamId: string;
  readonly entryKey: string;
}

export interface WalkCounts {
  readonly pages: number;
  readonly requests: number;
  readonly entriesSeen: number;
  readonly inserted: number;
  readonly updated: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly restarts: number;
  readonly totalReported: number | null;
  /** Requests that repeated an incomplete answer; each is billed like the first. */
  readonly repeats: number;
  /** Rows the source says its stored answers have. */
  readonly reportedRows: number;
  /** Rows the source says it went through, and how long; incomplete answers too. */
  readonly processedRows: number;
  readonly elapsedMs: number;
}

export type WalkEnding =
  /** Proven: moves the stream's high-water mark, to the walk's start unless said otherwise, and marks what it did not list as vanished. */
  | { readonly outcome: 'complete'; readonly highWaterAtMs?: number }
  /** Finished without proof: stored as such, moves no mark. */
  | { readonly outcome: 'incomplete'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly error: string };

export interface WalkSink {
  /**
   * Stores the configured streams (insert, or update source and account by name) and answers their ids by name.
   * A stream whose source changes under the same name is refused: its checkpoint would mean something else.
   */
  registerStreams(
    streams: readonly StreamIdentity[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, string>>;

  /**
   * Claims the stream for one run. The same `runId` again (a retried or killed queue job) resumes its walk from the
   * checkpoint; another `runId` starts a new walk and ends a running one as `superseded`. Either way older walkers are fenced off.
   * A run whose walk has ended already answers `ended`. Parts of a stream (`partition`, by default the live whole) are walked
   * beside each other; only the live walk moves the stream's marks.
   */
  beginWalk(run: {
    readonly streamId: string;
    readonly runId: string;
    readonly partition?: string;
    readonly nowMs: number;
  }): Promise<
    | {
        readonly kind: 'begun';
        readonly walk: WalkRef;
        /** The checkpoint to go on from, null at the start of a walk. */
        readonly state: JsonValue | null;
      }
    | { readonly kind: 'ended' }
  >;

  /** Rows, status changes, rejected entries, drift, counts and checkpoint in one transaction, or none of it (P3). */
  appendJobs(page: JobPage): Promise<PageOutcome>;

  /**
   * Ends the walk and answers its counts. Jobs of `table` in this stream that a complete walk did not list become vanished;
   * null for a stream without jobs.
   */
  endWalk(end: {
    readonly walk: WalkRef;
    readonly table: JobTable | null;
    readonly ending: WalkEnding;
    readonly nowMs: number;
  }): Promise<
    { readonly kind: 'ended'; readonly counts: WalkCounts; readonly vanished: number } | Moved
  >;

  /** Notes why an attempt failed on a walk that will be tried again; the walk stays running. */
  noteWalkError(note: { readonly walk: WalkRef; readonly error: string }): Promise<void>;
}

export interface StoredJob {
  readonly entryKey: string;
  readonly jobKey: string;
  readonly status: string;
  readonly progressPercent: number | null;
  readonly firstSeenAtMs: number;
  /** When the present status was first seen. */
  readonly statusSinceMs: number;
  /** null while not settled: until a terminal status was seen by whoever has the last word (JobTable.settledBy). */
  readonly settledAtMs: number | null;
  readonly vanishedAtMs: number | null;
}

export type JobRecordOutcome =
  | { readonly kind: 'recorded'; readonly from: string; readonly status: string }
  /** Somebody else moved the job first; nothing was written. */
  | { readonly kind: 'conflict'; readonly status: string }
  | { readonly kind: 'absent' };

export interface JobSink {
  readJob(job: {
    readonly table: JobTable;
    readonly streamId: string;
    readonly entryKey: string;
  }): Promise<StoredJob | null>;

  /** Compare-and-set: writes the entry only while the stored status is still `expectedStatus`, is not settled, and would not leave a terminal status (P4). */
  recordJob(record: {
    readonly table: JobTable;
    readonly terminal: ReadonlySet<string>;
    readonly streamId: string;
    readonly expectedStatus: string;
    readonly entry: JobEntry;
    readonly drift: readonly Drift[];
    readonly nowMs: number;
  }): Promise<JobRecordOutcome>;

  /** The provider says that this job is gone: it is marked, never deleted. */
  markVanished(job: {
    readonly table: JobTable;
    readonly streamId: string;
    readonly entryKey: string;
    readonly nowMs: number;
  }): Promise<void>;

  /** Jobs that are neither settled nor vanished, by id after `afterId` ('0' first), at most `limit`: what must be tracked. */
  openJobs(query: {
    readonly table: JobTable;
    readonly streamId: string;
    readonly afterId: string;
    readonly limit: number;
  }): Promise<readonly (OpenJob & { readonly id: string })[]>;
}

/** A turn further ahead than this was taken by a machine whose clock is wrong. No queue for an API is that long. */
export const TURN_AHEAD_MS_MAX = 60_000;

/** The budget of one account and API, shared by all workers of all processes. */
export interface BudgetStore {
  /** Never shortens a pause that stands. */
  pauseBudget(pause: {
    readonly account: string;
    readonly api: string;
    readonly untilMs: number;
    readonly reason: string;
    readonly nowMs: number;
  }): Promise<void>;
  /** Epoch milliseconds until which no request may be sent; 0 when not paused. `throttles` counts in a row, for backoff. */
  budgetOf(budget: {
    readonly account: string;
    readonly api: string;
  }): Promise<{ readonly pausedUntilMs: number; readonly throttles: number }>;
  /**
   * Takes the next turn of an API that has a limit of its own, turns being `intervalMs` apart for all processes together.
   * @returns how long the caller has to wait for it. Milliseconds, >= 0
   */
  takeTurn(turn: {
    readonly account: string;
    readonly api: string;
    /** Whole milliseconds, >= 1. */
    readonly intervalMs: number;
    readonly nowMs: number;
  }): Promise<number>;
  /** A request went through: the count of throttles in a row starts anew. */
  clearThrottles(budget: { readonly account: string; readonly api: string }): Promise<void>;
}

/** `outcome`: `ok`, or a SourceErrorKind. `status`: the HTTP status as text, `none` without an answer. */
export interface RequestCount {
  readonly account: string;
  readonly api: string;
  readonly status: string;
  readonly outcome: string;
  readonly count: number;
}

/** Files by status; a status that none has is left out. */
export type FileCounts = Readonly<Partial<Record<FileStatus, number>>>;

export interface StreamStatus {
  readonly streamId: string;
  readonly name: string;
  readonly source: string;
  readonly account: string;
  readonly highWaterAtMs: number | null;
  readonly lastCompleteWalkAtMs: number | null;
  readonly lastWalk: {
    readonly outcome: string;
    readonly startedAtMs: number;
    readonly finishedAtMs: number | null;
    readonly incompleteReason: string | null;
    readonly error: string | null;
  } | null;
  readonly entries: number;
  readonly openJobs: number;
  readonly rejected: number;
  /** Files of jobs by status; a status that none has is left out. */
  readonly files: FileCounts;
  /** Rows of these files that are stored. */
  readonly fileRows: number;
  /** Walks by outcome and their sums, since the stream exists. */
  readonly walks: Readonly<Record<string, number>>;
  readonly pages: number;
  readonly entriesSeen: number;
  readonly repeats: number;
}

/** What operators and dashboards ask. */
export interface OperationsStore {
  /** `tables`: the table of each source id. Only streams named in `names` when given. */
  streamStatuses(query: {
    readonly tables: ReadonlyMap<string, CountedTable>;
    readonly names?: readonly string[];
  }): Promise<readonly StreamStatus[]>;
  addRequestCounts(counts: readonly RequestCount[]): Promise<void>;
  requestCounts(): Promise<readonly RequestCount[]>;
  /** A sign of life of a named part of the daemon: `scheduler`. */
  beat(name: string, nowMs: number): Promise<void>;
  lastBeatMs(name: string): Promise<number | null>;
  /** Answers when the store does. @throws when it does not */
  ping(): Promise<void>;
}
