import { describe } from '@jest/globals';
import { createDatabase } from '../support/postgres.ts';
import { privateRedisSupply, redisSupply } from '../support/redis.ts';
import type { QueueLocation } from '../../src/queue/backend.ts';
import type { RedisSupply, TestRedis } from '../support/redis.ts';

/** A queue server for one test file. */
export interface QueueServer {
  readonly location: QueueLocation;
  /** Empties it as a lost Redis would; null on PostgreSQL, where the queue is as safe as the data. */
  readonly wipe: (() => Promise<void>) | null;
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
  await describeRedis(title, (open) => {
    suite(async () => {
      const redis = await open();
      const { url, prefix } = redis;
      return {
        location: { kind: 'redis', url, prefix },
        wipe: () => redis.wipe(),
        close: () => redis.close(),
      };
    });
  });
}

async function describeRedis(
  title: string,
  suite: (open: () => Promise<TestRedis>) => void,
): Promise<void> {
  describeSupply(title, await redisSupply(), suite);
}

/** For what is done to the server itself: it is a private one. */
export function describePrivateRedis(
  title: string,
  suite: (open: () => Promise<TestRedis>) => void,
): void {
  describeSupply(title, privateRedisSupply(), suite);
}

function describeSupply(
  title: string,
  supply: RedisSupply,
  suite: (open: () => Promise<TestRedis>) => void,
): void {
  if (supply.kind === 'present') {
    describe(`${title}, on Redis`, () => {
      suite(() => supply.open());
    });
    return;
  }
  const { reason } = supply;
  describe.skip(`${title}, on Redis (skipped: ${reason})`, () => {
    suite(() => Promise.reject(new Error(reason)));
  });
}

/** A queue in a database of its own. */
export async function openPostgresServer(): Promise<QueueServer> {
  const database = await createDatabase();
  return {
    location: { kind: 'postgres', url: database.url },
    wipe: null,
    close: () => database.drop(),
  };
}
