import { randomUUID } from 'node:crypto';
import { loadConfig } from '../config/loadConfig.ts';
import { isWindowStream, type WindowStream } from '../engine/ports.ts';
import type { BackfillRange } from '../engine/readWindows.ts';
import { openRuntime, type Runtime } from '../runtime/openRuntime.ts';
import { openStore } from '../runtime/openStore.ts';
import { sources } from '../sources/registry.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';
import { createProgress } from './progress.ts';
import { rangeOption } from './rangeOption.ts';
import { selectStreams } from './selectStreams.ts';
import { UsageError } from './usageError.ts';
import { walkInForeground, type SyncOutcome } from './walkInForeground.ts';

export interface BackfillOptions extends CommonOptions {
  readonly from: string;
  readonly to: string;
}

/**
 * `logferry backfill`: reads a range of time of a stream once, beside its live walks, whose position stays as it is. The same
 * command again goes on where one that was stopped, killed or left incomplete got to.
 */
export async function runBackfill(
  name: string,
  options: BackfillOptions,
  shell: Shell,
): Promise<ExitCode> {
  const range = rangeOption(options, Date.now());
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const streams = selectStreams(config, [name]);
  const log = shell.log(shell.isTerminal ? 'warn' : config.log.level);
  const place = { url: config.database.url, directory: shell.directory, host: shell.host, log };
  const store = await openStore(place, shell.signal);
  try {
    const runtime = await openRuntime({ config: { ...config, streams }, sink: store.sink, log });
    try {
      const [stream] = runtime.streams.filter(isWindowStream);
      if (stream === undefined) {
        throw new UsageError(
          `${name} is not read by ranges of time; backfill is for streams of SQL logs`,
        );
      }
      checkRetention(stream, range, runtime.deps.clock.nowMs());
      const outcome = await fill({ runtime, stream, range }, shell);
      report(outcome, options, shell);
      if (outcome.outcome === 'complete') return EXIT.done;
      return outcome.outcome === 'failed' ? EXIT.failed : EXIT.incomplete;
    } finally {
      await runtime.close();
    }
  } finally {
    await store.close();
  }
}

async function fill(
  work: { readonly runtime: Runtime; readonly stream: WindowStream; readonly range: BackfillRange },
  shell: Shell,
): Promise<SyncOutcome> {
  const { runtime, stream, range } = work;
  const progress = createProgress(shell);
  try {
    // Its position outlives the walk: another run goes on from there.
    const walk = { runtime, stream, progress, runId: randomUUID(), backfill: range };
    return await walkInForeground(walk, shell.signal);
  } finally {
    progress.stop();
  }
}

function checkRetention(stream: WindowStream, range: BackfillRange, nowMs: number): void {
  const { retentionMs } = stream.source.settings(stream.settings);
  if (retentionMs === null || range.fromMs >= nowMs - retentionMs) return;
  throw new UsageError(
    `the rows of ${stream.name} before ${new Date(nowMs - retentionMs).toISOString()} are past its retention and would be removed again; begin later, or raise retention`,
  );
}

function report(outcome: SyncOutcome, options: BackfillOptions, shell: Shell): void {
  if (options.json) {
    shell.out(JSON.stringify(outcome, null, 2));
    return;
  }
  const { stream, counts, reason } = outcome;
  const found =
    counts === null
      ? ''
      : `: ${counts.entriesSeen} rows read, ${counts.inserted} new, ${counts.requests} requests`;
  shell.out(`backfill of ${stream} is ${outcome.outcome}${found}`);
  if (reason !== null) shell.out(`${stream}: ${reason}`);
}
