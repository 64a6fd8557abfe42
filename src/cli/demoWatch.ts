import { setTimeout as sleep } from 'node:timers/promises';
import type { FileStatus } from '../sinks/downloadSink.ts';
import type { Sink, StreamStatus } from '../sinks/sink.ts';
import { countedTables } from '../sources/registry.ts';
import type { Shell } from './command.ts';
import type { DemoDaemon } from './demoDaemon.ts';
import { spanText } from './duration.ts';
import { filesText } from './status.ts';
import { createProgress, type ProgressLine } from './progress.ts';
import { tableLines } from './table.ts';

/** How long the demo waits for everything to be over. */
export const demoTimeoutMs = 50_000;
const lookEveryMs = 250;

/** What the demo waits for: a stream, and how many entries the simulated cloud will have shown of it by the end. */
export interface ExpectedStream {
  readonly name: string;
  readonly entries: number;
  /** Jobs are also waited for until they are over. */
  readonly areJobs: boolean;
}

export interface DemoWorld {
  readonly sink: Sink;
  readonly expected: readonly ExpectedStream[];
  /** An export that was ordered: its job and its file are waited for, too. */
  readonly ordered: { readonly stream: string; readonly name: string };
}

/** Shows how entries are found and jobs finished. True once the database agrees with the cloud that everything is over. */
export async function watchDemo(
  world: DemoWorld & { readonly daemon: DemoDaemon },
  shell: Shell,
): Promise<boolean> {
  const progress = createProgress(shell);
  const bars = world.expected.map(({ name, entries, areJobs }) => ({
    ...{ name, entries },
    found: progress.line(`${name} found`),
    finished: areJobs ? progress.line(`${name} finished`) : null,
  }));
  const order = progress.line(`export ${world.ordered.name}`);
  const files = progress.line('files loaded');
  const until = Date.now() + demoTimeoutMs;
  let isLoaded = false;
  const over = new Set<string>();
  try {
    while (Date.now() < until && world.daemon.isRunning()) {
      const statuses = await statusesOf(world);
      for (const { name, entries: expected, found, finished } of bars) {
        const status = statuses.get(name);
        if (status === undefined || over.has(name)) continue;
        const { entries, openJobs } = status;
        const walks = status.walks['complete'] ?? 0;
        found.update({
          done: Math.min(entries, expected),
          total: expected,
          note: `${walks} complete walks`,
        });
        finished?.update({
          ...{ done: Math.min(entries - openJobs, expected), total: expected },
          note: `${openJobs} under way`,
        });
        // The cloud may go on making jobs: those that were expected are what the demo waits for.
        if (entries - openJobs < expected || walks === 0) continue;
        over.add(name);
        found.finish(`${entries} entries, ${walks} complete walks`);
        finished?.finish(`${entries - openJobs} jobs followed to their end`);
      }
      isLoaded ||= await showOrder(world, statuses, order);
      const { left, note } = showFiles(statuses, files);
      if (over.size === bars.length && isLoaded && left === 0) {
        files.finish(note);
        return true;
      }
      await sleep(lookEveryMs, undefined, { signal: shell.signal });
    }
    return false;
  } finally {
    progress.stop();
  }
}

type Statuses = ReadonlyMap<string, StreamStatus>;

/** Shows where the ordered export stands. @returns whether its rows are there */
async function showOrder(
  { sink, ordered }: DemoWorld,
  statuses: Statuses,
  line: ProgressLine,
): Promise<boolean> {
  const streamId = statuses.get(ordered.stream)?.streamId ?? '';
  const { status, job = null } = (await sink.readOrder({ streamId, name: ordered.name })) ?? {};
  const file = job && (await sink.readDownload({ streamId, entryKey: job.entryKey }));
  const told = job === null ? (status ?? '') : job.status;
  if (file?.status === 'loaded') line.finish(`${told}, ${file.rows} rows loaded`);
  else line.update({ done: job?.progressPercent ?? 0, total: 100, note: told });
  return file?.status === 'loaded';
}

/** Shows how many files are loaded. `left`: how many are not yet. */
function showFiles(
  statuses: Statuses,
  line: ProgressLine,
): { readonly left: number; readonly note: string } {
  const all = [...statuses.values()];
  const countOf = (names: readonly FileStatus[]): number =>
    all.reduce(
      (sum, { files }) => sum + names.reduce((own, name) => own + (files[name] ?? 0), 0),
      0,
    );
  const left = countOf(['waiting', 'loading']);
  const done = countOf(['loaded', 'incomplete', 'failed']);
  const rows = all.reduce((sum, { fileRows }) => sum + fileRows, 0);
  line.update({ done, total: done + left, note: `${rows} rows` });
  return { left, note: `${done} files, ${rows} rows` };
}

async function statusesOf({
  sink,
  expected,
}: Pick<DemoWorld, 'sink' | 'expected'>): Promise<Statuses> {
  const names = expected.map(({ name }) => name);
  const statuses = await sink.streamStatuses({ tables: countedTables(), names });
  return new Map(statuses.map((status) => [status.name, status]));
}

/** The table of streams that the demo ends with. */
export async function summariseDemo(
  world: Pick<DemoWorld, 'sink' | 'expected'>,
  shell: Shell,
): Promise<void> {
  const statuses = await statusesOf(world);
  const requests = await world.sink.requestCounts();
  const rows = [...statuses.values()].map((status) => {
    const complete = status.lastCompleteWalkAtMs;
    return [
      status.name,
      String(status.entries),
      String(status.openJobs),
      String(status.walks['complete'] ?? 0),
      String(status.walks['incomplete'] ?? 0),
      String(status.pages),
      String(status.rejected),
      filesText(status.files),
      complete === null ? 'never' : `${spanText(Date.now() - complete)} ago`,
    ];
  });
  const headings = [
    ...['stream', 'entries', 'open jobs', 'complete walks', 'without proof', 'pages', 'rejected'],
    ...['files', 'last complete walk'],
  ];
  shell.out('');
  tableLines(headings, rows).forEach((line) => {
    shell.out(line);
  });
  const sent = requests.reduce((sum, { count }) => sum + count, 0);
  shell.out(`${sent} requests sent, every signature verified by the simulated cloud`);
}
