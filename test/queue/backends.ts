import { describe } from '@jest/globals';
import { createDatabase } from '../support/postgres.ts';
import { redisSupply } from '../support/redis.ts';
import type { QueueLocation } from '../../src/queue/backend.ts';
import type { TestRedis } from '../support/redis.ts';

/** A queue server for one test file. */
export interface QueueServer {
  readonly location: QueueLocation;
  /** null on PostgreSQL, where the queue is as safe as the data. */
  readonly redis: TestRedis | null;
  close(): Promise<void>;
}

/** Runs the suite on both backends; where there is no Redis, its half is listed as skipped with the reason. */
export async function describeBackends(
  title: string,
  suite: (open: () => Promise<QueueServer>) => void,
): Promise<void> {
  describe(`${title}, on PostgreSQL`, () => {
    suite(openPostgresServer);
  });
  const supply = await redisSupply();
  if (supply.kind === 'absent') {
    describe.skip(`${title}, on Redis (skipped: ${supply.reason})`, () => {
      suite(openPostgresServer);
    });
    return;
  }
  describe(`${title}, on Redis`, () => {
    suite(async () => {
      const redis = await supply.open();
      const { url, prefix } = redis;
      return { location: { kind: 'redis', url, prefix }, redis, close: () => redis.close() };
    });
  });
}

async function openPostgresServer(): Promise<QueueServer> {
  const database = await createDatabase();
  return {
    location: { kind: 'postgres', url: database.url },
    redis: null,
    close: () => database.drop(),
  };
}
