import type { FileReason } from '../domain/exportEnding.ts';
import { redact } from '../domain/redact.ts';
import type { OpenDownload } from '../sinks/sink.ts';
import {
  fetchJobFile,
  type FileFetch,
  type FinishedJob,
  type VerifiedFile,
} from './fetchJobFile.ts';
import { loadExport, type Claim, type LoadedExport, type LoadProgress } from './loadExport.ts';
import { isFileStream, type EngineDeps, type FileStream, type StreamRuntime } from './ports.ts';

export type DownloadDecision =
  | { readonly kind: 'loaded'; readonly rows: number }
  /** Loaded as far as it goes, or not at all; the reason is stored and shown at the job. */
  | { readonly kind: 'incomplete' | 'failed'; readonly rows: number; readonly reason: string }
  /** Nobody wants the file. */
  | { readonly kind: 'gone' }
  /** Another process has claimed it meanwhile, and loads it. */
  | { readonly kind: 'moved' }
  /** A budget is paused, or the store asks for fewer requests. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number };

/** What is told while a file is fetched and loaded. */
export type DownloadProgressEvent =
  | { readonly phase: 'fetch'; readonly bytes: number; readonly totalBytes: number | null }
  | ({ readonly phase: 'load' } & LoadProgress);

export interface DownloadWork {
  readonly stream: FileStream;
  readonly entryKey: string;
  readonly onProgress?: (event: DownloadProgressEvent) => void;
}

/**
 * Fetches the file of a finished job, verifies it and loads its rows. Safe to run twice at once: the one that claims the file
 * later fences the other off. After a kill it goes on behind the last batch that was stored.
 * @throws SourceError or SinkError: the file stays as it is, with the reason noted, and the queue tries again
 */
export async function downloadJob(
  deps: EngineDeps,
  work: DownloadWork,
  signal: AbortSignal,
): Promise<DownloadDecision> {
  const { stream, entryKey } = work;
  const { streamId } = stream;
  const begun = await deps.sink.beginDownload({ streamId, entryKey });
  if (begun.kind === 'absent') return { kind: 'gone' };
  if (begun.kind === 'ended') return decisionOf(begun.file);
  const stored = await deps.sink.readJob({ table: stream.source.table, streamId, entryKey });
  if (stored === null) return { kind: 'gone' };
  const job = { stream, entryKey, jobKey: stored.jobKey };
  const claim = { download: begun.download };
  try {
    const fetched = await fetchAndLoad(deps, { ...work, job, claim }, signal);
    if (fetched.kind === 'paused') {
      const { reason, resumeAtMs } = fetched;
      // A store that never stops asking for it must not look like a file that was not tried yet.
      if (reason !== null) await note(deps, claim, reason);
      return { kind: 'paused', resumeAtMs };
    }
    if (fetched.kind === 'failed') return await end(deps, { job, claim }, failedOf(fetched.reason));
    return fetched.result;
  } catch (error) {
    // A failure of the database cannot be noted in it.
    if (error instanceof Error && error.name !== 'SinkError' && !signal.aborted) {
      await note(deps, claim, error.message);
    }
    throw error;
  }
}

/** Shows why the last try came to nothing. */
async function note({ sink }: EngineDeps, claim: Claim, why: string): Promise<void> {
  await sink.noteDownloadError({ ...claim, error: redact(why) });
}

interface Claimed extends DownloadWork {
  readonly job: FinishedJob;
  readonly claim: Claim;
}

async function fetchAndLoad(
  deps: EngineDeps,
  { job, claim, onProgress }: Claimed,
  signal: AbortSignal,
): Promise<FileFetch<DownloadDecision>> {
  const use = async (verified: VerifiedFile): Promise<DownloadDecision> => {
    const loaded = await loadExport(
      deps,
      {
        ...{ job, verified, claim },
        onProgress: (progress) => onProgress?.({ phase: 'load', ...progress }),
      },
      signal,
    );
    if (loaded === 'moved') return { kind: 'moved' };
    const keptAt = await keep(deps, job, verified, loaded);
    return end(deps, { job, claim }, { ...loaded, keptAt });
  };
  return fetchJobFile(
    deps,
    job,
    { use, onProgress: (progress) => onProgress?.({ phase: 'fetch', ...progress }) },
    signal,
  );
}

type Ended = LoadedExport & { readonly keptAt: string | null };

function failedOf(reason: FileReason): Ended {
  return {
    ...{ ending: { status: 'failed', reason }, compression: null, keptAt: null },
    counts: { records: 0, rows: 0, rejected: 0 },
  };
}

const extensions = { none: '', gzip: '.gz', lz4: '.lz4', zstd: '.zst' } as const;

/** Keeps the original, where that is configured, named after its job. */
async function keep(
  deps: EngineDeps,
  { stream, jobKey }: FinishedJob,
  { file, facts }: VerifiedFile,
  { compression }: LoadedExport,
): Promise<string | null> {
  const { archive } = deps.downloads;
  if (archive === null) return null;
  const name = `${jobKey}.${facts.contentType ?? 'data'}${extensions[compression ?? 'none']}`;
  return deps.files.keep(file, { directory: archive, folders: [stream.name], name });
}

async function end(
  deps: EngineDeps,
  { job, claim }: Pick<Claimed, 'job' | 'claim'>,
  { ending, counts, compression, keptAt }: Ended,
): Promise<DownloadDecision> {
  const nowMs = deps.clock.nowMs();
  const ended = await deps.sink.endDownload({ ...claim, ending, compression, keptAt, nowMs });
  if (ended.kind === 'moved') return { kind: 'moved' };
  const facts = { stream: job.stream.name, job: job.jobKey, ...counts, compression };
  const { status, reason } = ending;
  if (status === 'loaded') deps.log.info({ event: 'file_loaded', ...facts }, 'file loaded');
  else {
    deps.log.warn({ event: 'file_not_whole', ...facts, status, reason }, 'file not loaded whole');
  }
  return decisionOf({ ...ending, rows: counts.rows });
}

/** What the end of a file means; see DownloadDecision. */
export function decisionOf(file: {
  readonly status: string;
  readonly reason: string | null;
  readonly rows: number;
}): Extract<DownloadDecision, { rows: number }> {
  const { status, rows, reason } = file;
  if (status === 'loaded') return { kind: 'loaded', rows };
  return {
    kind: status === 'incomplete' ? 'incomplete' : 'failed',
    ...{ rows, reason: reason ?? 'unknown' },
  };
}

/**
 * Notes that the files of these jobs are to be loaded, where the stream loads files.
 * @returns those that are not loaded yet
 */
export async function wantFiles(
  deps: Pick<EngineDeps, 'sink' | 'clock'>,
  stream: StreamRuntime,
  entryKeys: readonly string[],
): Promise<readonly OpenDownload[]> {
  if (!isFileStream(stream) || entryKeys.length === 0) return [];
  const { streamId, source } = stream;
  const { status } = source.download;
  return deps.sink.wantDownloads({ streamId, entryKeys, status, nowMs: deps.clock.nowMs() });
}
