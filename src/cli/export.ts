import { loadConfig } from '../config/loadConfig.ts';
import { differencesOf } from '../domain/exportOrder.ts';
import { wantFiles } from '../engine/downloadJob.ts';
import { followOrder } from '../engine/followOrder.ts';
import { loadInForeground } from '../engine/loadFiles.ts';
import { isFileStream, isOrderStream, type OrderStream } from '../engine/ports.ts';
import { openRuntime, type Runtime } from '../runtime/openRuntime.ts';
import { openStore } from '../runtime/openStore.ts';
import type { StoredOrder } from '../sinks/sink.ts';
import { sources } from '../sources/registry.ts';
import type { ExitCode, Shell } from './command.ts';
import {
  exportCommand,
  nextAttempt,
  type ExportCommand,
  type ExportCommandOptions,
} from './exportOptions.ts';
import {
  exitCodeOf,
  exportOutcome,
  outcomeLines,
  type ExportOutcome,
  type LoadedFile,
} from './exportOutcome.ts';
import { createProgress, type Progress } from './progress.ts';
import { selectStreams } from './selectStreams.ts';
import { Stopped } from './stopped.ts';
import { UsageError } from './usageError.ts';

/**
 * `logferry export`: orders a download job, once, however often it is called with the same name, and with `--wait` follows it to its
 * end.
 */
export async function runExport(
  name: string,
  options: ExportCommandOptions,
  shell: Shell,
): Promise<ExitCode> {
  const command = exportCommand(options, { nowMs: Date.now(), random: Math.random() });
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const streams = selectStreams(config, [name]);
  const log = shell.log(shell.isTerminal ? 'warn' : config.log.level);
  const place = { url: config.database.url, directory: shell.directory, host: shell.host, log };
  const store = await openStore(place, shell.signal);
  try {
    const runtime = await openRuntime({ config: { ...config, streams }, sink: store.sink, log });
    try {
      const stream = runtime.streams.find(isOrderStream);
      if (stream === undefined) {
        throw new UsageError(
          `${name} is no stream of download jobs; nothing can be ordered from it`,
        );
      }
      const outcome = await order({ runtime, stream, command, wait: options.wait }, shell);
      report(outcome, options, shell);
      return exitCodeOf(outcome);
    } finally {
      await runtime.close();
    }
  } finally {
    await store.close();
  }
}

interface ExportWork {
  readonly runtime: Runtime;
  readonly stream: OrderStream;
  readonly command: ExportCommand;
  readonly wait: boolean;
}

async function order(work: ExportWork, shell: Shell): Promise<ExportOutcome> {
  const { runtime, stream, wait } = work;
  const intended = await intend(work);
  const { name } = intended.order;
  // The name is known before anything is asked for: whatever happens now, the job is found by it.
  shell.note(`logferry: the export is called ${name}`);
  const progress = createProgress(shell);
  try {
    const line = progress.line(name);
    const onProgress = (now: StoredOrder) => {
      const note = now.job?.status ?? now.status;
      line.update({ done: now.job?.progressPercent ?? 0, total: 100, note });
    };
    const until = wait ? 'settled' : 'ordered';
    const followed = { stream, ...intended, until, onProgress } as const;
    const settled = await followOrder(runtime.deps, followed, shell.signal);
    const outcome = exportOutcome(stream, settled);
    line.finish(outcome.outcome);
    const { entryKey } = settled.job ?? {};
    if (!wait || outcome.outcome !== 'succeeded' || entryKey === undefined) return outcome;
    return { ...outcome, file: await load(work, { entryKey, progress }, shell.signal) };
  } catch (error) {
    if (!shell.signal.aborted) throw error;
    throw new Stopped(
      `the job ${name} goes on at the cloud; to wait for it again, run the same command${work.command.kind === 'again' ? '' : ` with --name ${name}`}`,
      error,
    );
  } finally {
    progress.stop();
  }
}

/** Loads the file of the job, where its stream loads files. */
async function load(
  { runtime: { deps }, stream }: ExportWork,
  { entryKey, progress }: { readonly entryKey: string; readonly progress: Progress },
  signal: AbortSignal,
): Promise<LoadedFile | null> {
  if (!isFileStream(stream)) return null;
  await wantFiles(deps, stream, [entryKey]);
  const line = progress.line('file');
  const loaded = await loadInForeground(
    deps,
    {
      ...{ stream, entryKey },
      onProgress: (event) => {
        if (event.phase === 'fetch') {
          line.update({ done: event.bytes, total: event.totalBytes, note: 'bytes fetched' });
        } else line.update({ done: event.rows, total: null, note: 'rows loaded' });
      },
    },
    signal,
  );
  line.finish(loaded.kind);
  return {
    kind: loaded.kind,
    rows: 'rows' in loaded ? loaded.rows : 0,
    reason: 'reason' in loaded ? loaded.reason : null,
  };
}

/** Stores what is to be ordered, or finds it stored. */
async function intend({
  runtime,
  stream,
  command,
}: ExportWork): Promise<{ readonly order: StoredOrder; readonly isNew: boolean }> {
  const { sink, clock } = runtime.deps;
  const { streamId } = stream;
  const wanted = command.kind === 'order' ? command.order : await againOf();
  const { kind, order: stored } = await sink.intendOrder({
    ...{ streamId, order: wanted, nowMs: clock.nowMs() },
  });
  const differences = differencesOf(wanted, stored);
  if (differences.length > 0) {
    throw new UsageError(
      `the name ${stored.name} was used for another export (other ${differences.join(', ')}); take another --name`,
    );
  }
  return { order: stored, isNew: kind === 'new' };

  async function againOf() {
    const name = command.kind === 'again' ? command.name : '';
    const failed = await sink.readOrder({ streamId, name });
    if (failed === null) {
      throw new UsageError(
        `no export ${name} was ordered through ${stream.name}; the view analytics.exports lists them`,
      );
    }
    const { outcome } = exportOutcome(stream, failed);
    if (outcome === 'ordered' || outcome === 'succeeded') {
      const status = failed.job?.status ?? failed.status;
      throw new UsageError(`${name} has not failed (${status}): it is not ordered again`);
    }
    return nextAttempt(failed, runtime.deps.random());
  }
}

function report(outcome: ExportOutcome, options: ExportCommandOptions, shell: Shell): void {
  if (options.json) shell.out(JSON.stringify(outcome, null, 2));
  else
    outcomeLines(outcome).forEach((line) => {
      shell.out(line);
    });
}
