import { randomUUID } from 'node:crypto';
import type { StreamConfig } from '../config/config.ts';
import { loadConfig } from '../config/loadConfig.ts';
import { followJobs, type Followed } from '../engine/followJobs.ts';
import { isArchiveStream } from '../engine/ports.ts';
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

async function syncAll(runtime: Runtime, options: SyncOptions, shell: Shell): Promise<ExitCode> {
  const progress = createProgress(shell);
  let outcomes: readonly SyncOutcome[];
  let followed: Followed | null = null;
  try {
    outcomes = await walkAll(runtime, progress, shell.signal);
    if (options.wait) {
      const line = progress.line('jobs');
      followed = await followJobs(
        runtime.deps,
        runtime.streams,
        ({ done, jobs }) => {
          line.update({ done, total: jobs, note: 'settled' });
        },
        shell.signal,
      );
      line.finish(`${followed.done} of ${followed.jobs} jobs settled`);
    }
  } finally {
    progress.stop();
  }
  report(outcomes, followed, options, shell);
  if (outcomes.some(({ outcome }) => outcome === 'failed')) return EXIT.failed;
  if ((followed?.failed.length ?? 0) > 0) return EXIT.failed;
  return outcomes.every(({ outcome }) => outcome === 'complete') ? EXIT.done : EXIT.incomplete;
}

async function walkAll(
  runtime: Runtime,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly SyncOutcome[]> {
  const waiting = [...runtime.streams];
  const outcomes = new Map<string, SyncOutcome>();
  const walkNext = async (): Promise<void> => {
    for (let stream = waiting.shift(); stream !== undefined; stream = waiting.shift()) {
      outcomes.set(
        stream.name,
        await walkInForeground({ runtime, stream, progress, runId: randomUUID() }, signal),
      );
    }
  };
  await Promise.all(Array.from({ length: walksAtOnceMax }, walkNext));
  return runtime.streams.flatMap(({ name }) => outcomes.get(name) ?? []);
}

function report(
  outcomes: readonly SyncOutcome[],
  followed: Followed | null,
  options: SyncOptions,
  shell: Shell,
): void {
  if (options.json) {
    shell.out(JSON.stringify({ walks: outcomes, jobs: followed }, null, 2));
    return;
  }
  const rows = outcomes.map(({ stream, outcome, counts, durationMs }) => [
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
  for (const { stream, outcome, reason } of outcomes) {
    if (reason !== null) shell.out(`${stream} is ${outcome}: ${reason}`);
  }
  for (const { job, reason } of followed?.failed ?? []) {
    shell.out(`job ${job} could not be followed: ${reason}`);
  }
  if (options.dryRun) shell.out('Dry run: nothing was stored.');
}

function dryStore(): { readonly sink: Sink; close(): Promise<void> } {
  const sink = openMemorySink();
  return { sink, close: () => sink.close() };
}
