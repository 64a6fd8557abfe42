import { backoffMs } from '../domain/backoff.ts';
import type { FileReason } from '../domain/exportEnding.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { JobFile } from '../sources/source.ts';
import { askJob, unreadableJob } from './askJob.ts';
import { FileTooLarge, type FetchedFile, type OpenFile, type Verification } from './filePort.ts';
import { LinkError } from './linkPort.ts';
import type { EngineDeps, FileStream } from './ports.ts';
import { retrying } from './retrying.ts';

/** A finished job whose file is fetched. */
export interface FinishedJob {
  readonly stream: FileStream;
  readonly entryKey: string;
  readonly jobKey: string;
}

/** A fetched file, what the provider says of it, and how far that was proven. */
export interface VerifiedFile {
  readonly file: FetchedFile;
  readonly facts: JobFile;
  readonly verification: Exclude<Verification, { kind: 'mismatch' }> | { readonly kind: 'waived' };
}

export type FileFetch<T> =
  | { readonly kind: 'done'; readonly result: T }
  /** The file is not to be had, now or later. */
  | { readonly kind: 'failed'; readonly reason: FileReason }
  /** A budget is paused (`reason` null), or the store asks for fewer requests. */
  | { readonly kind: 'paused'; readonly resumeAtMs: number; readonly reason: string | null };

/** Whole fetches of a file that does not fit what the provider says of it. */
const fetchesMax = 3;
/** Between them: what a proxy or a store in trouble gives instead of the file is often gone a little later. */
const refetchBounds = { baseMs: 5_000, maxMs: 60_000 };
/** Failures in a row without a byte more than ever before: cuts, expired links, throttling together. */
const fruitlessMax = 5;
/** Tries in all: a store that gives some bytes each time must not hold a worker for ever. */
const triesMax = 200;
const bounds = { baseMs: 1_000, maxMs: 30_000 };
/** A store that asks for a longer pause than this is left alone for so long: the worker does something else. */
const waitMaxMs = 60_000;
const pauseMs = 30_000;

/**
 * Fetches the file of a finished job and hands it, verified, to `use`. Links expire: each is asked for anew, and again when it is
 * refused on the way. A download that is cut goes on where the store allows it. A file of the wrong size or checksum is fetched
 * again from its beginning some seconds later, three times in all.
 * @throws SourceError for what may pass, and for a host that is not allowed; what `use` throws
 */
export async function fetchJobFile<T>(
  deps: EngineDeps,
  job: FinishedJob,
  options: {
    readonly use: (file: VerifiedFile) => Promise<T>;
    readonly onProgress?: (progress: {
      readonly bytes: number;
      readonly totalBytes: number | null;
    }) => void;
  },
  signal: AbortSignal,
): Promise<FileFetch<T>> {
  const { use, onProgress } = options;
  for (let fetches = 1; ; fetches += 1) {
    const link = renewableLink(deps, job);
    const download = {
      open: link.open,
      fileBytesMax: deps.downloads.fileBytesMax,
      onCut: onCutOf(deps, job, { renew: link.renew, signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    };
    try {
      const fetched = await deps.files.fetch(
        download,
        async (file) => {
          const checked = await check(deps, job, { file, facts: link.facts() }, signal);
          if ('mismatch' in checked) return checked;
          return { result: await use(checked) };
        },
        signal,
      );
      if ('result' in fetched) return { kind: 'done', result: fetched.result };
      const reason: FileReason = `${fetched.mismatch} (fetched ${fetches} times)`;
      if (fetches >= fetchesMax) return { kind: 'failed', reason };
      const delayMs = backoffMs(fetches, refetchBounds, deps.random());
      deps.log.warn(
        { event: 'file_mismatch', stream: job.stream.name, job: job.jobKey, delayMs, reason },
        'file does not fit what the service says of it; fetched again',
      );
      await deps.clock.sleep(delayMs, signal);
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      if (error instanceof FileTooLarge) {
        return {
          kind: 'failed',
          reason: `file_too_large: ${error.message}; see downloads.fileMiB`,
        };
      }
      if (error instanceof LinkError) return outcomeOf(deps, job, error);
      throw error;
    }
  }
}

/** Ends a fetch from within: the provider's answer about the job leaves nothing to fetch. */
class Ended extends Error {
  readonly outcome: Exclude<FileFetch<never>, { kind: 'done' }>;

  constructor(outcome: Exclude<FileFetch<never>, { kind: 'done' }>) {
    super('the fetch has ended');
    this.outcome = outcome;
  }
}

/** A link that is asked for when it is first needed, and again after `renew`. */
function renewableLink(deps: EngineDeps, job: FinishedJob) {
  let file: JobFile | null = null;
  let isFresh = false;
  const open: OpenFile = async (from, consume, signal) => {
    if (file === null || !isFresh) file = await freshFile(deps, job, signal);
    isFresh = true;
    if (file.link === null) {
      throw new Ended({ kind: 'failed', reason: 'no_link: the service names no file of this job' });
    }
    return deps.downloads.links.open(file.link)(from, consume, signal);
  };
  return {
    open,
    renew: () => {
      isFresh = false;
    },
    facts: (): JobFile => {
      if (file === null) throw new Error('no file was fetched without asking for it');
      return file;
    },
  };
}

/** What the provider says of the job's file now. */
async function freshFile(
  deps: EngineDeps,
  job: FinishedJob,
  signal: AbortSignal,
): Promise<JobFile> {
  const { stream } = job;
  const ask = () => askJob(deps, job, signal);
  const { result: answer } = await retrying(deps, { stream: stream.name, ask }, signal);
  if (answer.kind === 'paused') throw new Ended({ ...answer, reason: null });
  if (answer.kind === 'gone') {
    const reason =
      'job_gone: the service does not know the job any more, and its file is gone with it';
    throw new Ended({ kind: 'failed', reason });
  }
  const { reading, body } = answer;
  if (reading.kind === 'rejected') throw unreadableJob(job, reading.entry.reason);
  return stream.source.download.read(body);
}

/** Decides what follows a failed try. Failures in a row are counted anew with every byte that was never held before. */
function onCutOf(
  deps: EngineDeps,
  { stream, jobKey }: FinishedJob,
  { renew, signal }: { readonly renew: () => void; readonly signal: AbortSignal },
) {
  let [best, fruitless, tries] = [0, 0, 0];
  return async (error: unknown, held: { readonly bytes: number }): Promise<'again' | 'give_up'> => {
    if (signal.aborted || !(error instanceof LinkError)) return 'give_up';
    const { fault, retryAfterMs } = error;
    if (fault !== 'expired' && fault !== 'transient' && fault !== 'throttled') return 'give_up';
    if (held.bytes > best) [best, fruitless] = [held.bytes, 0];
    fruitless += 1;
    tries += 1;
    if (fruitless > fruitlessMax || tries >= triesMax || (retryAfterMs ?? 0) > waitMaxMs)
      return 'give_up';
    if (fault === 'expired') renew();
    const delayMs = Math.max(retryAfterMs ?? 0, backoffMs(fruitless, bounds, deps.random()));
    deps.log.warn(
      {
        ...{ event: 'file_retried', stream: stream.name, job: jobKey, fault, try: fruitless },
        ...{ heldBytes: held.bytes, delayMs, reason: error.message },
      },
      'file fetched on',
    );
    await deps.clock.sleep(delayMs, signal);
    return 'again';
  };
}

/** What the last failure of a download means for the file. */
function outcomeOf(
  deps: EngineDeps,
  { stream, jobKey }: FinishedJob,
  error: LinkError,
): Exclude<FileFetch<never>, { kind: 'done' }> {
  const message = `the file of job ${jobKey} of stream ${stream.name}: ${error.message}`;
  const options = { detail: { api: 'GetObject' }, cause: error };
  switch (error.fault) {
    case 'throttled':
      return {
        kind: 'paused',
        resumeAtMs: deps.clock.nowMs() + (error.retryAfterMs ?? pauseMs),
        reason: message,
      };
    case 'host_refused':
      throw new SourceError('rejected', message, options);
    case 'expired':
    case 'transient':
      throw new SourceError('transient', message, options);
    case 'not_a_link':
    case 'no_file':
    case 'refused':
      return { kind: 'failed', reason: `${error.fault}: ${error.message}` };
  }
}

async function check(
  deps: EngineDeps,
  { stream }: FinishedJob,
  { file, facts }: { readonly file: FetchedFile; readonly facts: JobFile },
  signal: AbortSignal,
): Promise<VerifiedFile | { readonly mismatch: FileReason }> {
  const verification = await deps.files.verify(file, facts, signal);
  if (verification.kind !== 'mismatch') return { file, facts, verification };
  const { what, message } = verification;
  const isBinding = stream.source.download.isCheckSumBinding(stream.settings);
  if (what === 'checksum' && !isBinding) return { file, facts, verification: { kind: 'waived' } };
  const advice = what === 'checksum' ? '; checkSum: recorded loads it all the same' : '';
  return { mismatch: `wrong_${what}: ${message}${advice}` };
}
