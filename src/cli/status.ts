import { loadConfig } from '../config/loadConfig.ts';
import { gapsIn, type KnownGap } from '../engine/windowGaps.ts';
import { openStore } from '../runtime/openStore.ts';
import { FILE_STATUSES } from '../sinks/downloadSink.ts';
import type { FileCounts, StreamStatus } from '../sinks/sink.ts';
import { countedTables, sources } from '../sources/registry.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';
import { spanText } from './duration.ts';
import { selectStreams } from './selectStreams.ts';
import { tableLines } from './table.ts';

/** `logferry status`: where every stream stands. Exit code 3 when the last walk of one is not a complete one, or a file of its jobs could not be loaded whole. */
export async function runStatus(
  names: readonly string[],
  options: CommonOptions,
  shell: Shell,
): Promise<ExitCode> {
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const wanted = selectStreams(config, names).map(({ name }) => name);
  const log = shell.log('warn');
  const store = await openStore(
    { url: config.database.url, directory: shell.directory, host: shell.host, log },
    shell.signal,
  );
  try {
    const stored = await store.sink.streamStatuses({ tables: countedTables(), names: wanted });
    const nowMs = Date.now();
    const gaps = new Map<string, readonly KnownGap[]>();
    for (const { name, streamId } of stored) {
      gaps.set(name, gapsIn(await store.sink.partitionStates(streamId)));
    }
    if (options.json) {
      const known = stored.map((status) => ({ ...status, gaps: gaps.get(status.name) ?? [] }));
      shell.out(JSON.stringify(known, null, 2));
    } else {
      [...statusLines(wanted, stored, nowMs), ...gapLines(gaps)].forEach((line) => {
        shell.out(line);
      });
    }
    return stored.length === wanted.length && stored.every(isSound) ? EXIT.done : EXIT.incomplete;
  } finally {
    await store.close();
  }
}

/** The table that `status` prints, and a line for everything that needs a reader's attention. */
export function statusLines(
  wanted: readonly string[],
  stored: readonly StreamStatus[],
  nowMs: number,
): readonly string[] {
  const rows = wanted.map((name) => {
    const status = stored.find((candidate) => candidate.name === name);
    if (status === undefined) return [name, 'never walked'];
    const { lastCompleteWalkAtMs: completeAtMs } = status;
    return [
      name,
      status.lastWalk?.outcome ?? 'never walked',
      completeAtMs === null ? 'never' : `${spanText(nowMs - completeAtMs)} ago`,
      String(status.entries),
      String(status.openJobs),
      String(status.walks['incomplete'] ?? 0),
      String(status.rejected),
      filesText(status.files),
    ];
  });
  const headings = [
    'stream',
    'last walk',
    'complete',
    'entries',
    'open jobs',
    'incomplete',
    'rejected',
    'files',
  ];
  const remarks = stored.flatMap(({ name, lastWalk }) => {
    const reason = lastWalk?.incompleteReason ?? lastWalk?.error ?? null;
    return reason === null
      ? []
      : [`${name}: the last walk is ${lastWalk?.outcome ?? ''}: ${reason}`];
  });
  return [...tableLines(headings, rows), ...remarks, ...stored.flatMap(fileRemark)];
}

/** `12 loaded, 1 failed`; `-` where there are none. */
export function filesText(files: FileCounts): string {
  const counts = FILE_STATUSES.flatMap((status) => {
    const count = files[status] ?? 0;
    return count === 0 ? [] : [`${count} ${status}`];
  });
  return counts.length === 0 ? '-' : counts.join(', ');
}

function fileRemark({ name, files }: StreamStatus): readonly string[] {
  if (!hasUnloaded(files)) return [];
  return [
    `${name}: files are incomplete or failed; select job, reason from analytics.export_files says why, logferry sync ${name} --wait --retry-files loads them anew`,
  ];
}

function hasUnloaded({ incomplete = 0, failed = 0 }: FileCounts): boolean {
  return incomplete + failed > 0;
}

const gapsShownMax = 5;

/** A line for each range of time that could not be read whole, the first few of each stream. */
function gapLines(gaps: ReadonlyMap<string, readonly KnownGap[]>): readonly string[] {
  const time = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  return [...gaps].flatMap(([name, all]) => [
    ...all.slice(0, gapsShownMax).map((gap) => {
      const tried = `${gap.reason}, tried ${gap.tries} times, again after ${time(gap.nextTryAtMs)}`;
      return `${name}: incomplete from ${time(gap.fromMs)} to ${time(gap.toMs)} (${tried})`;
    }),
    ...(all.length > gapsShownMax
      ? [`${name}: ${all.length - gapsShownMax} more ranges are incomplete (status --json)`]
      : []),
  ]);
}

function isSound({ lastWalk, files }: StreamStatus): boolean {
  const isWalked = lastWalk?.outcome === 'complete' || lastWalk?.outcome === 'running';
  return isWalked && !hasUnloaded(files);
}
