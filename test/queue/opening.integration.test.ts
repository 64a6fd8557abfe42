import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { QueueError } from '../../src/queue/queueError.ts';
import { createDatabase } from '../support/postgres.ts';
import { describePrivateRedis } from './backends.ts';
import { recordingLog } from './recordingLog.ts';
import type { QueueLocation } from '../../src/queue/backend.ts';

const closedPort = 9; // discard: nothing listens there

describe('opening the queue', () => {
  it.each<[string, QueueLocation, RegExp]>([
    [
      'a Redis that is not there',
      { kind: 'redis', url: `redis://me:hunter2@127.0.0.1:${closedPort}/1` },
      /^cannot use the queue at redis:\/\/127\.0\.0\.1:9\/1: .*ECONNREFUSED.*; check queue\.url \(REDIS_URL\) and that the server runs/,
    ],
    [
      'a host that does not exist',
      { kind: 'redis', url: 'redis://:hunter2@queue.invalid:6379' },
      /^cannot use the queue at redis:\/\/queue\.invalid:6379: .*(ENOTFOUND|EAI_AGAIN)/,
    ],
    [
      'not a Redis address',
      { kind: 'redis', url: 'http://me:hunter2@cache' },
      /is not a Redis address/,
    ],
    ['not an address', { kind: 'redis', url: 'hunter2' }, /is not a Redis address/],
    [
      'a PostgreSQL that is not there',
      { kind: 'postgres', url: `postgresql://me:hunter2@127.0.0.1:${closedPort}/logs` },
      /^cannot use the queue in postgresql:\/\/127\.0\.0\.1:9\/logs: .*ECONNREFUSED.*; check database\.url \(DATABASE_URL\)/,
    ],
    [
      'not a PostgreSQL address',
      { kind: 'postgres', url: 'hunter2' },
      /is not a PostgreSQL address/,
    ],
  ])(
    'fails on %s with one line, in seconds, without the password',
    async (_what, location, says) => {
      const startedAt = Date.now();
      const message = await failureOf(location);
      expect(message).toMatch(says);
      expect(message).not.toMatch(/hunter2|\n/);
      expect(Date.now() - startedAt).toBeLessThan(30_000);
    },
  );

  it('fails on a server that accepts connections and never answers', async () => {
    const mute = createServer();
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const message = await failureOf({ kind: 'redis', url: `redis://127.0.0.1:${port}` });
    expect(message).toMatch(/no answer within 5 s/);
    mute.close();
  });

  it('fails on a wrong database with what to check', async () => {
    const database = await createDatabase();
    const url = database.url.replace(/\/[^/]*$/, '/no_such_database');
    expect(await failureOf({ kind: 'postgres', url })).toMatch(/no_such_database.*does not exist/);
    await database.drop();
  });

  it('lets many processes open a new database at once', async () => {
    const database = await createDatabase();
    const location: QueueLocation = { kind: 'postgres', url: database.url };
    const opened = await Promise.all(
      [1, 2, 3, 4].map(() => openQueueBackend({ location, log: recordingLog() })),
    );
    await Promise.all(opened.map((backend) => backend.close()));
    await database.drop();
    expect(opened).toHaveLength(4);
  });

  it('keeps the startup options that the database address has', async () => {
    const database = await createDatabase();
    const separator = database.url.includes('?') ? '&' : '?';
    const url = `${database.url}${separator}options=${encodeURIComponent('-c statement_timeout=54321')}`;
    const backend = await openQueueBackend({
      location: { kind: 'postgres', url },
      log: recordingLog(),
    });
    await backend.add('maintain', { slot: 1 });
    expect(await backend.counts('maintain')).toMatchObject({ waiting: 1 });
    await backend.close();
    await database.drop();
  });
});

describePrivateRedis('opening the queue', (open) => {
  it('fails on a wrong password with one line that does not repeat it', async () => {
    const redis = await open();
    const url = new URL(redis.url);
    url.username = 'nobody';
    url.password = 'hunter2';
    const message = await failureOf({ kind: 'redis', url: url.href });
    expect(message).toMatch(/WRONGPASS.*check queue\.url \(REDIS_URL\): user, password/);
    expect(message).not.toMatch(/hunter2/);
    await redis.close();
  });

  it.each([
    ['allkeys-lru', true],
    ['noeviction', false],
  ])('with maxmemory-policy %s warns: %j', async (policy, warns) => {
    const redis = await open();
    await redis.configure('maxmemory-policy', policy);
    const log = recordingLog();
    const backend = await openQueueBackend({ location: { kind: 'redis', url: redis.url }, log });
    expect(log.events().includes('queue_warning')).toBe(warns);
    await backend.close();
    await redis.close();
  });
});

async function failureOf(location: QueueLocation): Promise<string> {
  try {
    const backend = await openQueueBackend({ location, log: recordingLog() });
    await backend.close();
    return 'it opened';
  } catch (error) {
    expect(error).toBeInstanceOf(QueueError);
    return error instanceof QueueError ? error.message : String(error);
  }
}
