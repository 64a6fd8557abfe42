import { once } from 'node:events';
import { downloadProcessor } from './download.ts';
import { exportProcessor } from './export.ts';
import { maintainProcessor } from './maintain.ts';
import { retryFailed } from './retryFailed.ts';
import { runScheduler } from './scheduler.ts';
import { indexStreams } from './streams.ts';
import { trackProcessor } from './track.ts';
import { walkProcessor } from './walk.ts';
import { messageOf } from '../src/queue/messageOf.ts';
import { countedTables } from '../src/sources/registry.ts';
import type { EngineDeps, StreamRuntime } from '../src/engine/ports.ts';
import type { ScheduledExport } from '../src/engine/orderScheduled.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import type { RunningWorkers, WorkerOptions } from '../src/queue/workers.ts';
import type { WebServer } from '../src/web/server.ts';

/** What a process of the daemon does: tick, work, serve. */
export const ROLES = ['scheduler', 'worker', 'web'] as const;
export type Role = (typeof ROLES)[number];

export interface DaemonOptions {
  /** Any number of processes may have any of the roles. */
  readonly roles: ReadonlySet<Role>;
  /** The sink stays the caller's to close, after this returns. */
  readonly deps: EngineDeps;
  /** Open, and closed by `runDaemon` when it ends; closing it again does no harm. */
  readonly queue: QueueBackend;
  readonly streams: readonly StreamRuntime[];
  /** Cron in UTC, by stream name. */
  readonly schedules: ReadonlyMap<string, string>;
  /** Ordered at each upkeep tick as far as they are due. @default none */
  readonly exports?: readonly ScheduledExport[];
  /** How often what Postgres says is unfinished is queued again. Milliseconds >= 1,000. */
  readonly requeueEveryMs: number;
  readonly web: {
    readonly host: string;
    /** 0: any free port. */
    readonly port: number;
    readonly username: string;
    /** null: none, which is refused off loopback. */
    readonly password: string | null;
  };
  /** How long running queue jobs may go on after the signal before they are sent back to the queue. @default 20_000 */
  readonly shutdownGraceMs?: number;
  /** @default those of `WorkerOptions` */
  readonly workers?: WorkerOptions;
  /** Told once everything is up. `webUrl` is null without the web role. */
  readonly onStarted?: (started: { readonly webUrl: string | null }) => void;
}

const shutdownGraceDefaultMs = 20_000;
/** Three missed upkeep ticks, and at least a minute, make a dead scheduler. */
const missedTicksMax = 3;
const tickAgeFloorMs = 60_000;

/**
 * Runs the daemon until the signal fires, then shuts down within the grace and about 10 s more: no new tick, running queue jobs
 * finish or go back unspent, dashboard and queue close. Losing the queue or the database meanwhile is logged and outlived.
 * @throws WebError when the dashboard cannot be served
 */
export async function runDaemon(options: DaemonOptions, signal: AbortSignal): Promise<void> {
  const { roles, deps, queue } = options;
  let web: WebServer | null = null;
  let workers: RunningWorkers | null = null;
  try {
    if (roles.has('web')) web = await serve(options);
    if (roles.has('worker')) workers = work(options);
    const webUrl = web?.url ?? null;
    const facts = { event: 'daemon_started', roles: [...roles], queue: queue.server, webUrl };
    deps.log.info(facts, 'daemon started');
    options.onStarted?.({ webUrl });
    if (roles.has('worker')) await retryAtStart(options);
    if (roles.has('scheduler')) await runScheduler(schedulerOf(options), signal);
    else if (!signal.aborted) await once(signal, 'abort');
    deps.log.info({ event: 'daemon_stopping' }, 'daemon stopping');
  } finally {
    await workers?.close(options.shutdownGraceMs ?? shutdownGraceDefaultMs);
    await web?.close();
    await queue.close();
  }
  deps.log.info({ event: 'daemon_stopped' }, 'daemon stopped');
}

async function serve(options: DaemonOptions): Promise<WebServer> {
  const { deps, queue, web, requeueEveryMs } = options;
  // Loaded by the processes that serve it only: 15 MB and a tenth of a second.
  const { startWeb } = await import('../src/web/server.ts');
  return startWeb({
    ...web,
    sink: deps.sink,
    clock: deps.clock,
    log: deps.log,
    queue,
    tables: countedTables(),
    tickAgeMaxMs: Math.max(missedTicksMax * requeueEveryMs, tickAgeFloorMs),
  });
}

function work(options: DaemonOptions): RunningWorkers {
  const { deps, queue, streams, workers, exports = [] } = options;
  const context = { ...deps, queue, streams: indexStreams(streams), exports };
  return queue.startWorkers(
    {
      walk: walkProcessor(context),
      track: trackProcessor(context),
      download: downloadProcessor(context),
      export: exportProcessor(context),
      maintain: maintainProcessor(context),
    },
    workers,
  );
}

/** What failed may have failed for a configuration that is mended by now: it does not rest until upkeep tries it anew. */
async function retryAtStart({ deps, queue, streams }: DaemonOptions): Promise<void> {
  try {
    const retried = await retryFailed(
      { queue, streams: indexStreams(streams) },
      deps.clock.nowMs(),
    );
    if (retried > 0) deps.log.info({ event: 'failures_retried', retried }, 'failures tried anew');
  } catch (error) {
    const reason = messageOf(error);
    deps.log.warn({ event: 'failures_not_retried', reason }, 'failures are tried anew later');
  }
}

function schedulerOf({ deps, queue, streams, schedules, requeueEveryMs }: DaemonOptions) {
  const scheduled = streams.flatMap(({ name }) => {
    const schedule = schedules.get(name);
    return schedule === undefined ? [] : [{ name, schedule }];
  });
  return { ...deps, queue, streams: scheduled, requeueEveryMs };
}
