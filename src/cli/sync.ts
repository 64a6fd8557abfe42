import { randomUUID } from 'node:crypto';
import type { StreamConfig } from '../config/config.ts';
import { loadConfig } from '../config/loadConfig.ts';
import { followJobs, type Followed } from '../engine/followJobs.ts';
import { inParallel } from '../engine/inParallel.ts';
import { loadFiles, type LoadedFiles } from '../engine/loadFiles.ts';
import { isArchiveStream, isFileStream, type StreamRuntime } from '../engine/ports.ts';
import { openRuntime, type Runtime } from '../runtime/openRuntime.ts';
import { openStore } from '../runtime/openStore.ts';
import { openMemorySink } from '../sinks/memory.ts';
import type { Sink } from '../sinks/sink.ts';
import { sources } from '../sources/registry.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';
import { createProgress, type Progress } from './progress.ts';
import { selectStreams } from './selectStreams.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usageError.ts';
import { walkInForeground, type SyncOutcome } from './walkInForeground.ts';

export interface SyncOptions extends CommonOptions {
  readonly wait: boolean;
  readonly dryRun: boolean;
  /** Files that have failed, or are incomplete, are loaded anew. */
  readonly retryFiles: boolean;
  /** Log archives to be fetched besides those that are configured. */
  readonly subJobId: readonly string[];
}

const walksAtOnceMax = 4;

/** `logferry sync`: one walk of each stream now, in the foreground. */
export async function runSync(
  names: readonly string[],
  options: SyncOptions,
  shell: Shell,
): Promise<ExitCode> {
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const streams = selectStreams(config, names);
  if (options.retryFiles && !options.wait) throw new UsageError('--retry-files needs --wait');
  checkSubJobIds(streams, options.subJobId);
  // Bars and log lines would tear each other apart: with bars only warnings are logged.
  const log = shell.log(shell.isTerminal ? 'warn' : config.log.level);
  const store = options.dryRun
    ? dryStore()
    : await openStore(
        { url: config.database.url, directory: shell.directory, host: shell.host, log },
        shell.signal,
      );
  try {
    const runtime = await openRuntime({ config: { ...config, streams }, sink: store.sink, log });
    try {
      return await syncAll(withSubJobs(runtime, options.subJobId), options, shell);
    } finally {
      await runtime.close();
    }
  } finally {
    await store.close();
  }
}

/** @throws UsageError for what is no id, or when no stream could fetch it */
function checkSubJobIds(streams: readonly StreamConfig[], ids: readonly string[]): void {
  if (ids.length === 0) return;
  const sources = streams.flatMap(({ source }) => (source.kind === 'archives' ? [source] : []));
  const [first] = sources;
  if (first === undefined || sources.length > 1) {
    throw new UsageError('--sub-job-id needs exactly one stream of log archives: name it');
  }
  const wrong = ids.find((id) => !first.isKey(id));
  if (wrong !== undefined) {
    throw new UsageError(`${JSON.stringify(wrong)} is no sub-job id: 32 letters and digits`);
  }
}

function withSubJobs(runtime: Runtime, ids: readonly string[]): Runtime {
  if (ids.length === 0) return runtime;
  const streams = runtime.streams.map((stream) =>
    isArchiveStream(stream) ? { ...stream, wantedKeys: ids } : stream,
  );
  return { ...runtime, streams };
}

/** What came of a run: walks, and with --wait the jobs that were followed and the files that were loaded. */
interface Synced {
  readonly walks: readonly SyncOutcome[];
  readonly jobs: Followed | null;
  readonly files: LoadedFiles | null;
}

async function syncAll(runtime: Runtime, options: SyncOptions, shell: Shell): Promise<ExitCode> {
  const progress = createProgress(shell);
  let synced: Synced;
  try {
    const walks = await walkAll(runtime, progress, shell.signal);
    const jobs = options.wait ? await followAll(runtime, progress, shell.signal) : null;
    const files = options.wait ? await loadAll(runtime, options, progress, shell.signal) : null;
    synced = { walks, jobs, files };
  } finally {
    progress.stop();
  }
  report(synced, options, shell);
  return exitCodeOf(synced);
}

function exitCodeOf({ walks, jobs, files }: Synced): ExitCode {
  const unloaded = files?.unloaded ?? [];
  if (walks.some(({ outcome }) => outcome === 'failed')) return EXIT.failed;
  if ((jobs?.failed.length ?? 0) > 0) return EXIT.failed;
  if (unloaded.some(({ kind }) => kind !== 'incomplete')) return EXIT.failed;
  const isWhole = walks.every(({ outcome }) => outcome === 'complete') && unloaded.length === 0;
  return isWhole ? EXIT.done : EXIT.incomplete;
}

async function followAll(
  { deps, streams }: Runtime,
  progress: Progress,
  signal: AbortSignal,
): Promise<Followed> {
  const line = progress.line('jobs');
  const followed = await followJobs(
    deps,
    streams,
    ({ done, jobs }) => {
      line.update({ done, total: jobs, note: 'settled' });
    },
    signal,
  );
  line.finish(`${followed.done} of ${followed.jobs} jobs settled`);
  return followed;
}

/** Loads the files of finished jobs; null where no stream has any to load, and in a dry run, which keeps nothing. */
async function loadAll(
  { deps, streams }: Runtime,
  { dryRun, retryFiles }: SyncOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<LoadedFiles | null> {
  const withFiles = streams.filter(isFileStream);
  if (dryRun || withFiles.length === 0) return null;
  if (retryFiles) {
    for (const { streamId } of withFiles) await deps.sink.retryDownloads({ streamId });
  }
  const line = progress.line('files');
  const loaded = await loadFiles(
    deps,
    withFiles,
    ({ done, files, rows }) => {
      line.update({ done, total: files, note: `loaded, ${rows} rows` });
    },
    signal,
  );
  line.finish(`${loaded.done} of ${loaded.files} files, ${loaded.rows} rows`);
  return loaded;
}

async function walkAll(
  runtime: Runtime,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly SyncOutcome[]> {
  const outcomes = new Map<string, SyncOutcome>();
  const walk = async (stream: StreamRuntime, stopped: AbortSignal): Promise<void> => {
    const run = { runtime, stream, progress, runId: randomUUID() };
    outcomes.set(stream.name, await walkInForeground(run, stopped));
  };
  await inParallel(runtime.streams, { atOnceMax: walksAtOnceMax, work: walk }, signal);
  return runtime.streams.flatMap(({ name }) => outcomes.get(name) ?? []);
}

function report(synced: Synced, options: SyncOptions, shell: Shell): void {
  if (options.json) {
    shell.out(JSON.stringify(synced, null, 2));
    return;
  }
  const { walks, jobs, files } = synced;
  const rows = walks.map(({ stream, outcome, counts, durationMs }) => [
    stream,
    outcome,
    ...[
      counts?.pages,
      counts?.entriesSeen,
      counts?.inserted,
      counts?.updated,
      counts?.rejected,
    ].map((count) => (count === undefined ? '-' : String(count))),
    `${(durationMs / 1000).toFixed(1)} s`,
  ]);
  const headings = ['stream', 'outcome', 'pages', 'entries', 'new', 'changed', 'rejected', 'took'];
  tableLines(headings, rows).forEach((line) => {
    shell.out(line);
  });
  for (const { stream, outcome, reason } of walks) {
    if (reason !== null) shell.out(`${stream} is ${outcome}: ${reason}`);
  }
  for (const { job, reason } of jobs?.failed ?? []) {
    shell.out(`job ${job} could not be followed: ${reason}`);
  }
  for (const { file, kind, reason } of files?.unloaded ?? []) {
    const what = kind === 'given_up' ? 'could not be fetched, and waits' : `is ${kind}`;
    shell.out(`the file of job ${file} ${what}: ${reason}`);
  }
  if (files?.unloaded.some(({ kind }) => kind !== 'given_up') === true) {
    shell.out('logferry sync --wait --retry-files loads files anew that are incomplete or failed.');
  }
  if (options.dryRun) shell.out('Dry run: nothing was stored.');
}

function dryStore(): { readonly sink: Sink; close(): Promise<void> } {
  const sink = openMemorySink();
  return { sink, close: () => sink.close() };
}
