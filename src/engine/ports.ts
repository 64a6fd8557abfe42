import type {
  ArchiveSource,
  JobOrdering,
  JobDownload,
  JobSource,
  OwnedListSource,
  Source,
  WindowSource,
} from '../sources/source.ts';
import type { CloudApi } from '../providers/apiRequest.ts';
import type { InSlots } from '../domain/slots.ts';
import type { Sink } from '../sinks/sink.ts';
import type { ExportLimits, FileEngine } from './filePort.ts';
import type { LinkClient } from './linkPort.ts';

/** The part of pino that the engine uses. Messages are constants, facts are fields. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time as the engine sees it; tests pass their own. */
export interface Clock {
  nowMs(): number;
  /** @throws AbortError when the signal fires first */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** How the status of a stream's jobs is polled. All in milliseconds. */
export interface TrackTiming {
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** A job not terminal this long after it was first seen is reported overdue, and polled on slowly. */
  readonly deadlineMs: number;
}

/** A configured stream, ready to be walked: registered, its settings parsed by its source's schema. */
export interface StreamRuntime<Kind extends Source = Source> {
  readonly streamId: string;
  readonly name: string;
  readonly account: string;
  readonly source: Kind;
  /** What `source.streamSchema` parsed. */
  readonly settings: unknown;
  readonly track: TrackTiming;
  /** The account's API: budgeted and metered. */
  readonly api: CloudApi;
  /** Archives asked for by hand in this run, besides those that are configured. */
  readonly wantedKeys?: readonly string[];
}

/** A stream whose entries are jobs: followed until terminal. */
export type JobStream = StreamRuntime & { readonly source: JobSource };

/** A stream that is read by windows of time. */
export type WindowStream = StreamRuntime<WindowSource>;

/** Narrows a stream to one of jobs. */
export function isJobStream(stream: StreamRuntime): stream is JobStream {
  return 'tracking' in stream.source;
}

/** A stream of jobs that can be ordered. */
export type OrderStream = StreamRuntime & {
  readonly source: JobSource & { readonly ordering: JobOrdering<unknown> };
};

/** Narrows a stream to one of jobs that can be ordered. */
export function isOrderStream(stream: StreamRuntime): stream is OrderStream {
  return 'ordering' in stream.source;
}

/** A stream of jobs whose files are loaded. */
export type FileStream = JobStream & {
  readonly source: JobSource & { readonly download: JobDownload<unknown> };
};

/** Narrows a stream to one that loads the files of its jobs. */
export function isFileStream(stream: StreamRuntime): stream is FileStream {
  return isJobStream(stream) && stream.source.download?.isWanted(stream.settings) === true;
}

/** A stream of archives. */
export type ArchiveStream = StreamRuntime & { readonly source: ArchiveSource };

/** Narrows a stream to one of archives. */
export function isArchiveStream(stream: StreamRuntime): stream is ArchiveStream {
  return stream.source.kind === 'archives';
}

/** A stream of lists that belong to owners: each is read until its owner has ended. */
export type OwnedListStream = StreamRuntime & { readonly source: OwnedListSource };

/** Narrows a stream to one read by windows of time. */
export function isWindowStream(stream: StreamRuntime): stream is WindowStream {
  return stream.source.kind === 'windows';
}

/** How the files of finished jobs are fetched and kept. */
export interface DownloadSettings {
  readonly links: LinkClient;
  readonly fileBytesMax: number;
  readonly limits: ExportLimits;
  /** The directory in which original files are kept; null: nowhere. */
  readonly archive: string | null;
}

export interface EngineDeps {
  readonly sink: Sink;
  readonly files: FileEngine;
  readonly downloads: DownloadSettings;
  readonly clock: Clock;
  /** 0 <= r < 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  /** Limits that all streams of the process share. */
  readonly inSlots: InSlots;
}
