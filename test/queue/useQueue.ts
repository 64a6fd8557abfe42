import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { recordingLog } from './recordingLog.ts';
import type { QueueBackend, QueueLocation } from '../../src/queue/backend.ts';
import type { JobData } from '../../src/queue/catalog.ts';
import type { Processors, Settlement } from '../../src/queue/processor.ts';
import type { RunningWorkers } from '../../src/queue/workers.ts';
import type { QueueServer } from './backends.ts';

export const done: Settlement = { kind: 'done', note: {} };

const idle: Processors = {
  walk: () => Promise.resolve(done),
  export: () => Promise.resolve(done),
  track: () => Promise.resolve(done),
  download: () => Promise.resolve(done),
  maintain: () => Promise.resolve(done),
};

export function walk(stream: string, slot: number): JobData<'walk'> {
  return { stream, runId: randomUUID(), slot };
}

/** The queue of the running test: opened before it, emptied and closed after it. */
export interface TestQueue {
  readonly backend: QueueBackend;
  readonly log: ReturnType<typeof recordingLog>;
  location(): QueueLocation;
  /** Workers with the lock times of production: a machine that stands still for a second takes no job away. Closed after the test. */
  start(processors: Partial<Processors>): RunningWorkers;
}

export function useQueue(openServer: () => Promise<QueueServer>): TestQueue {
  let server: QueueServer;
  let log: ReturnType<typeof recordingLog>;
  let backend: QueueBackend;
  let workers: RunningWorkers[] = [];

  beforeAll(async () => {
    server = await openServer();
  });
  afterAll(async () => {
    await server.close();
  });
  beforeEach(async () => {
    log = recordingLog();
    backend = await openQueueBackend({ location: server.location, log });
  });
  afterEach(async () => {
    await Promise.all(workers.map((running) => running.close(0)));
    workers = [];
    for (const queue of Object.values(backend.queues)) await queue.obliterate({ force: true });
    await backend.close();
  });
  return {
    get backend() {
      return backend;
    },
    get log() {
      return log;
    },
    location: () => server.location,
    start: (processors) => {
      const started = backend.startWorkers({ ...idle, ...processors });
      workers.push(started);
      return started;
    },
  };
}
