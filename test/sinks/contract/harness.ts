import type { ColumnValue, EntryTable, JobTable } from '../../../src/domain/column.ts';
import type { JobEntry } from '../../../src/domain/entry.ts';
import type { JsonValue } from '../../../src/domain/json.ts';
import type { JobPage, PageOutcome, Sink, WalkRef } from '../../../src/sinks/sink.ts';
import { slsDownloadJobs } from '../../../src/sources/slsDownloadJobs.ts';

/** A sink under the contract, and a way to look at what it stored that does not go through the port. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** `given`: the table of jobs looked into. @default download_jobs */
  readonly jobs: (streamId: string, given?: JobTable) => Promise<readonly StoredJobRow[]>;
  readonly changes: (streamId: string) => Promise<readonly StoredChange[]>;
  readonly rejected: (streamId: string) => Promise<readonly StoredRejected[]>;
  readonly drift: (streamId: string) => Promise<readonly StoredDrift[]>;
  /** In the order of their keys. */
  readonly files: (streamId: string) => Promise<readonly StoredFile[]>;
  readonly entries: (table: EntryTable, streamId: string) => Promise<readonly StoredEntry[]>;
  /** Files of jobs, in the order of first wish. */
  readonly downloads: (streamId: string) => Promise<readonly StoredExport[]>;
}

/** The file of a job with its rows, in their order. */
export interface StoredExport {
  readonly status: string;
  readonly reason: string | null;
  readonly sha256: string | null;
  readonly etagVerified: boolean | null;
  readonly logCount: string | null;
  readonly compression: string | null;
  readonly keptAt: string | null;
  readonly endedAtMs: number | null;
  readonly counts: readonly [records: number, rows: number, rejected: number];
  readonly stored: readonly (readonly [
    rowNo: number,
    loggedAtMs: number | null,
    content: JsonValue,
  ])[];
}

/** A stored log file with its lines, in the order of first sight. */
export interface StoredFile {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly raw: JsonValue;
  /** Texts of its lines, in order. */
  readonly lines: readonly string[];
  readonly count: number;
  readonly downloadedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly supersededAtMs: number | null;
}

/** In the order of first sight. */
export interface StoredJobRow {
  readonly key: string;
  readonly jobKey: string;
  readonly status: string;
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly raw: JsonValue;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  readonly lastSeenWalkId: string | null;
  readonly settledAtMs: number | null;
  readonly vanishedAtMs: number | null;
}

/** In the order of observation. */
export interface StoredChange {
  readonly kind: string;
  readonly key: string;
  readonly jobKey: string;
  readonly from: string | null;
  readonly to: string;
  readonly progress: number | null;
  readonly observedAtMs: number;
}

export interface StoredEntry {
  readonly key: string;
  readonly columns: Readonly<Record<string, ColumnValue>>;
  readonly document: JsonValue;
  readonly firstSeenAtMs: number;
  /** null also in a table without snapshots. */
  readonly supersededAtMs: number | null;
}

export interface StoredRejected {
  readonly reason: string;
  readonly raw: JsonValue;
  readonly count: number;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
}

export interface StoredDrift {
  readonly path: string;
  readonly kind: string;
  readonly sample: string;
  readonly count: number;
}

export const table = slsDownloadJobs.table;
export const terminal = slsDownloadJobs.tracking.terminal;

/** An entry that says little; `columns` and `raw` are replaced as given. */
export function entry(key: string, status: string, more: Partial<JobEntry> = {}): JobEntry {
  return {
    key,
    jobKey: `name of ${key}`,
    status,
    progressPercent: null,
    columns: { name: `name of ${key}` },
    raw: { name: `name of ${key}`, status },
    ...more,
  };
}

export function page(walk: WalkRef, more: Partial<JobPage> = {}): JobPage {
  return {
    ...{ walk, table, terminal, entries: [], rejected: [], drift: [] },
    ...{ state: null, requests: 1, restarts: 0, totalReported: null },
    ...{ askedAtMs: Number.MAX_SAFE_INTEGER, nowMs: walk.startedAtMs },
    ...more,
  };
}

/** @throws Error when the page was not stored */
export async function store(
  sink: Sink,
  given: JobPage,
): Promise<Extract<PageOutcome, { kind: 'stored' }>> {
  const outcome = await sink.appendJobs(given);
  if (outcome.kind !== 'stored') throw new Error('the page was not stored');
  return outcome;
}

let streams = 0;

/** A stream of its own, so that tests can share a database. */
export async function newStream(sink: Sink): Promise<string> {
  streams += 1;
  const name = `stream-${process.pid}-${streams}`;
  const ids = await sink.registerStreams(
    [{ name, source: slsDownloadJobs.id, account: 'prod' }],
    1_000,
  );
  const id = ids.get(name);
  if (id === undefined) throw new Error('the stream was not registered');
  return id;
}

/** @throws Error when the run's walk has ended */
export async function begin(
  sink: Sink,
  run: { readonly streamId: string; readonly runId: string; readonly nowMs?: number },
): Promise<{ readonly walk: WalkRef; readonly state: JsonValue | null }> {
  const begun = await sink.beginWalk({ nowMs: 10_000, ...run });
  if (begun.kind !== 'begun') throw new Error('the walk has ended');
  return begun;
}

/** A walk of one page over all these entries, proven complete. */
export async function completeWalk(
  sink: Sink,
  walk: {
    readonly streamId: string;
    readonly runId: string;
    readonly entries: readonly JobEntry[];
    readonly nowMs: number;
  },
): Promise<{
  readonly stored: Extract<PageOutcome, { kind: 'stored' }>;
  readonly vanished: number;
}> {
  const { walk: begun } = await begin(sink, walk);
  const stored = await store(sink, page(begun, { entries: walk.entries, nowMs: walk.nowMs }));
  const ended = await sink.endWalk({
    ...{ walk: stored.walk, table, nowMs: walk.nowMs },
    ending: { outcome: 'complete' },
  });
  if (ended.kind !== 'ended') throw new Error('the walk was moved');
  return { stored, vanished: ended.vanished };
}
