import { setTimeout as sleep } from 'node:timers/promises';
import type { Sink, StreamStatus } from '../sinks/sink.ts';
import { countedTables } from '../sources/registry.ts';
import type { Shell } from './command.ts';
import type { DemoDaemon } from './demoDaemon.ts';
import { spanText } from './duration.ts';
import { createProgress } from './progress.ts';
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
  const until = Date.now() + demoTimeoutMs;
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
      if (over.size === bars.length) return true;
      await sleep(lookEveryMs, undefined, { signal: shell.signal });
    }
    return false;
  } finally {
    progress.stop();
  }
}

async function statusesOf({
  sink,
  expected,
}: DemoWorld): Promise<ReadonlyMap<string, StreamStatus>> {
  const names = expected.map(({ name }) => name);
  const statuses = await sink.streamStatuses({ tables: countedTables(), names });
  return new Map(statuses.map((status) => [status.name, status]));
}

/** The table of streams that the demo ends with. */
export async function summariseDemo(world: DemoWorld, shell: Shell): Promise<void> {
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
      complete === null ? 'never' : `${spanText(Date.now() - complete)} ago`,
    ];
  });
  const headings = [
    ...['stream', 'entries', 'open jobs', 'complete walks', 'without proof', 'pages', 'rejected'],
    'last complete walk',
  ];
  shell.out('');
  tableLines(headings, rows).forEach((line) => {
    shell.out(line);
  });
  const sent = requests.reduce((sum, { count }) => sum + count, 0);
  shell.out(`${sent} requests sent, every signature verified by the simulated cloud`);
}
