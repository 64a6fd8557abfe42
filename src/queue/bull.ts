import { createPostgresBackend, Queue, withBackend, Worker } from 'bullmq';
import type { PgPool, Processor, WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';

/** A BullMQ queue on either backend; the dashboard's adapter takes it too. */
export type BullQueue = Queue<unknown, unknown>;
export type BullWorker = Worker<unknown, unknown>;

export type BullConnection =
  | { readonly kind: 'redis'; readonly redis: Redis; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly pool: PgPool };

const postgres = withBackend(createPostgresBackend);

export function openBullQueue(connection: BullConnection, name: string): BullQueue {
  if (connection.kind === 'redis') {
    return new Queue(name, { connection: connection.redis, prefix: connection.prefix });
  }
  const queue: unknown = new postgres.Queue<unknown, unknown>(name, {
    connection: connection.pool,
  });
  return queue as BullQueue; // One class; only the type parameter that names its backend differs.
}

/** The worker does not take jobs before `run()`. */
export function openBullWorker(
  connection: BullConnection,
  worker: {
    readonly name: string;
    readonly process: Processor<unknown, unknown>;
    readonly options: Omit<WorkerOptions, 'connection' | 'prefix' | 'autorun'>;
  },
): BullWorker {
  const options = { ...worker.options, autorun: false };
  if (connection.kind === 'redis') {
    const { redis, prefix } = connection;
    return new Worker(worker.name, worker.process, { ...options, connection: redis, prefix });
  }
  const opened: unknown = new postgres.Worker<unknown, unknown>(worker.name, worker.process, {
    ...options,
    connection: connection.pool,
  });
  return opened as BullWorker; // As above.
}
