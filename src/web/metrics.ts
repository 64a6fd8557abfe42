import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { QUEUE_NAMES } from '../queue/catalog.ts';
import type { Clock } from '../engine/ports.ts';
import { gapsIn } from '../engine/windowGaps.ts';
import type { QueueBackend } from '../queue/backend.ts';
import type { CountedTable } from '../domain/column.ts';
import type { RequestCount, Sink, StreamStatus } from '../sinks/sink.ts';

export interface MetricsDeps {
  readonly sink: Pick<Sink, 'streamStatuses' | 'requestCounts' | 'partitionStates'>;
  readonly queue: Pick<QueueBackend, 'counts'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The table of each source id. */
  readonly tables: ReadonlyMap<string, CountedTable>;
}

export interface Metrics {
  readonly contentType: string;
  /**
   * The whole installation's metrics, read from Postgres at this moment, so that any one process can be scraped for all of them;
   * and this process's own. Where database or queue does not answer, `logferry_up` says 0 and its metrics are left out. Never throws.
   */
  scrape(): Promise<string>;
  close(): void;
}

export function createMetrics(deps: MetricsDeps): Metrics {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  return {
    contentType: own.contentType,
    scrape: async () => {
      const shared = new Registry(); // Anew for each scrape: nothing to reset, and a stream that is gone leaves no series.
      const up = gauge(shared, 'logferry_up', 'Whether a part answers: 1 or 0.', ['part']);
      up.set({ part: 'database' }, (await succeeds(() => addStored(shared, deps))) ? 1 : 0);
      up.set({ part: 'queue' }, (await succeeds(() => addQueues(shared, deps))) ? 1 : 0);
      return `${await shared.metrics()}\n${await own.metrics()}`;
    },
    close: () => {
      own.clear();
    },
  };
}

async function addStored(registry: Registry, deps: MetricsDeps): Promise<void> {
  const statuses = await deps.sink.streamStatuses({ tables: deps.tables });
  const requests = await deps.sink.requestCounts();
  addStreams(registry, statuses, deps.clock.nowMs());
  await addGaps(registry, statuses, deps.sink);
  addRequests(registry, requests);
}

function addStreams(registry: Registry, statuses: readonly StreamStatus[], nowMs: number): void {
  const walks = counter(registry, 'logferry_walks_total', 'Walks by outcome.', [
    'stream',
    'outcome',
  ]);
  const pages = counter(registry, 'logferry_pages_total', 'Pages stored.', ['stream']);
  const entries = counter(registry, 'logferry_entries_total', 'Entries seen by walks.', ['stream']);
  const repeats = counter(
    registry,
    'logferry_repeats_total',
    'Requests that repeated an incomplete answer; each is billed like the first.',
    ['stream'],
  );
  const rejected = counter(
    registry,
    'logferry_rejected_total',
    'Entries that could not be stored, kept in rejected_entries.',
    ['stream'],
  );
  const stored = gauge(registry, 'logferry_entries_stored', 'Entries stored.', ['stream']);
  const open = gauge(registry, 'logferry_jobs_open', 'Jobs neither terminal nor vanished.', [
    'stream',
  ]);
  const files = gauge(registry, 'logferry_files', 'Files of finished jobs, by status.', [
    'stream',
    'status',
  ]);
  const fileRows = gauge(registry, 'logferry_file_rows_stored', 'Rows of such files stored.', [
    'stream',
  ]);
  const age = gauge(
    registry,
    'logferry_seconds_since_complete_walk',
    'Seconds since the last walk proven complete ended; +Inf while there is none.',
    ['stream'],
  );
  for (const status of statuses) {
    const stream = status.name;
    for (const [outcome, count] of Object.entries(status.walks)) {
      walks.inc({ stream, outcome }, count);
    }
    pages.inc({ stream }, status.pages);
    entries.inc({ stream }, status.entriesSeen);
    rejected.inc({ stream }, status.rejected);
    repeats.inc({ stream }, status.repeats);
    stored.set({ stream }, status.entries);
    open.set({ stream }, status.openJobs);
    for (const [fileStatus, count] of Object.entries(status.files)) {
      files.set({ stream, status: fileStatus }, count);
    }
    fileRows.set({ stream }, status.fileRows);
    age.set({ stream }, secondsSince(status.lastCompleteWalkAtMs, nowMs));
  }
}

async function addGaps(
  registry: Registry,
  statuses: readonly StreamStatus[],
  sink: Pick<Sink, 'partitionStates'>,
): Promise<void> {
  const help = 'Ranges of time that could not be read whole and are tried again.';
  const gaps = gauge(registry, 'logferry_incomplete_windows', help, ['stream']);
  for (const { name: stream, streamId } of statuses) {
    gaps.set({ stream }, gapsIn(await sink.partitionStates(streamId)).length);
  }
}

function addRequests(registry: Registry, counts: readonly RequestCount[]): void {
  const requests = counter(registry, 'logferry_requests_total', 'Requests to the clouds.', [
    'account',
    'api',
    'status',
    'outcome',
  ]);
  const throttles = counter(registry, 'logferry_throttles_total', 'Throttling answers.', [
    'account',
    'api',
  ]);
  for (const { account, api, status, outcome, count } of counts) {
    requests.inc({ account, api, status, outcome }, count);
    if (outcome === 'throttled') throttles.inc({ account, api }, count);
  }
}

async function addQueues(registry: Registry, deps: MetricsDeps): Promise<void> {
  const jobs = gauge(registry, 'logferry_queue_jobs', 'Queue jobs by state.', ['queue', 'state']);
  const counted = await Promise.all(
    QUEUE_NAMES.map(async (name) => ({ name, states: await deps.queue.counts(name) })),
  );
  for (const { name, states } of counted) {
    for (const [state, count] of Object.entries(states)) jobs.set({ queue: name, state }, count);
  }
}

function secondsSince(timeMs: number | null, nowMs: number): number {
  return timeMs === null ? Infinity : Math.max(nowMs - timeMs, 0) / 1_000;
}

async function succeeds(add: () => Promise<void>): Promise<boolean> {
  try {
    await add();
    return true;
  } catch {
    return false; // The caller reports it as a metric, which is where a scraper looks.
  }
}

function counter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function gauge<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
): Gauge<Label> {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
