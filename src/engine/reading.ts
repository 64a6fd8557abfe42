import type { JsonValue } from '../domain/json.ts';
import type { OpenDownload, OpenJob, WalkRef } from '../sinks/sink.ts';
import type { EngineDeps } from './ports.ts';

export interface WalkProgress {
  readonly stream: string;
  /** Entries handed to the sink in this run. */
  readonly entries: number;
  readonly inserted: number;
  readonly totalReported: number | null;
  /** For streams read by windows of time: how much of the time to be read is read. */
  readonly span?: { readonly doneS: number; readonly totalS: number };
}

export interface WalkDeps extends EngineDeps {
  /** Told of the jobs that have to be tracked, after their page is stored. */
  readonly onOpenJobs: (jobs: readonly OpenJob[]) => Promise<void>;
  /** Told of the files that have to be loaded, after the page of their jobs is stored. */
  readonly onOpenFiles: (files: readonly OpenDownload[]) => Promise<void>;
  readonly onProgress?: (progress: WalkProgress) => void;
}

/** A walk that has been claimed. `state`: the checkpoint to go on from, null at the start of a walk. */
export interface BegunWalk {
  readonly walk: WalkRef;
  readonly state: JsonValue | null;
}

/** What happens between the claim of a walk and its end, in the way of one kind of source. */
export interface Reading {
  /**
   * Reads and stores until the end of the listing, proven or not. `moved`: another walker has taken the stream.
   * @throws SourceError or SinkError when it cannot go on; nothing is being written any more then
   */
  read(signal: AbortSignal): Promise<ReadingEnd | 'moved'>;
  /** The walk as of the last write that is stored. */
  walk(): WalkRef;
}

export interface ReadingEnd {
  /** Why the walk is not proven complete; null when it is. */
  readonly incomplete: string | null;
  /** Where the stream's high-water mark stands then, when it is not the walk's start. */
  readonly highWaterAtMs?: number;
}
