import type { z } from 'zod';
import type { JobTable } from '../domain/column.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import type { ApiRequest, Product } from '../providers/apiRequest.ts';

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
  readonly request: (stream: Stream) => ApiRequest;
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
}

/** An API LogFerry can read. `kind` says how it is walked (engine/walkStream.ts) and what it stores. */
export type Source<Stream = unknown> = JobSource<Stream>;
