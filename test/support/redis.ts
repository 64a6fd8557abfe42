import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ChildProcess } from 'node:child_process';

/** A Redis for one test file. */
export interface TestRedis {
  readonly url: string;
  /** Key prefix of this file: a shared server is left as it was found. */
  readonly prefix: string;
  /** What a lost Redis looks like: FLUSHALL on a private server, everything under the prefix on a shared one. */
  wipe(): Promise<void>;
  /** Stops and starts the server, empty. @throws where the server is not ours */
  restartEmpty(awayMs: number): Promise<void>;
  /** CONFIG SET. @throws where the server is not ours */
  configure(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

export type RedisSupply =
  | { readonly kind: 'present'; open(): Promise<TestRedis> }
  | { readonly kind: 'absent'; readonly reason: string };

/**
 * Where the Redis half of a test file gets its server: REDIS_URL when it answers, else a private `redis-server` without persistence.
 * @throws with CI=true when there is neither: there a missing Redis is a failure, not a skip
 */
export async function redisSupply(): Promise<RedisSupply> {
  const url = process.env['REDIS_URL'];
  if (url !== undefined && url !== '' && (await ask(url, (redis) => redis.ping())) !== null) {
    return { kind: 'present', open: () => Promise.resolve(shared(url)) };
  }
  const program = findProgram();
  if (program !== null) return { kind: 'present', open: () => startPrivate(program) };
  const reason =
    url === undefined || url === ''
      ? 'no REDIS_URL and no redis-server on the PATH'
      : 'REDIS_URL does not answer and there is no redis-server on the PATH';
  return absent(reason);
}

/** Everything that stands under a prefix, one text a key. */
export async function everyKey(url: string, prefix: string): Promise<readonly string[]> {
  const redis = new Redis(url);
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    for (const key of keys as string[]) {
      found.push(`${key}: ${JSON.stringify(await valueOf(redis, key))}`);
    }
  }
  redis.disconnect();
  return found;
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return redis.get(key).catch(() => null); // gone since it was found
  }
}

function absent(reason: string): RedisSupply {
  if (process.env['CI'] === 'true') {
    throw new Error(`${reason}; install it with: apt-get install -y redis-server`);
  }
  return { kind: 'absent', reason };
}

/** For tests that stop or configure their server: a private one, whatever REDIS_URL says. */
export function privateRedisSupply(): RedisSupply {
  const program = findProgram();
  if (program !== null) return { kind: 'present', open: () => startPrivate(program) };
  return absent('no redis-server on the PATH');
}

function notOurs(): Promise<never> {
  return Promise.reject(new Error('this Redis is shared: take privateRedisSupply'));
}

function shared(url: string): TestRedis {
  const prefix = `logferry-test-${process.pid}-${Date.now().toString(36)}`;
  const wipe = async (): Promise<void> => {
    const redis = new Redis(url);
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
      const found = keys as string[];
      if (found.length > 0) await redis.unlink(...found);
    }
    redis.disconnect();
  };
  return { url, prefix, wipe, restartEmpty: notOurs, configure: notOurs, close: wipe };
}

async function startPrivate(program: string): Promise<TestRedis> {
  const { port, started } = await startOnSomePort(program);
  let server = started;
  const url = `redis://127.0.0.1:${port}`;
  const stop = (): void => {
    server.kill('SIGKILL');
  };
  process.once('exit', stop);
  return {
    url,
    prefix: 'logferry',
    wipe: async () => {
      const redis = new Redis(url);
      await redis.flushall();
      redis.disconnect();
    },
    restartEmpty: async (awayMs) => {
      await end(server);
      await sleep(awayMs);
      server = (await spawnServer(program, port)) ?? (await portTaken(port));
    },
    configure: async (name, value) => {
      const redis = new Redis(url);
      await redis.config('SET', name, value);
      redis.disconnect();
    },
    close: async () => {
      process.off('exit', stop);
      await end(server);
    },
  };
}

/** Below the ports that systems hand out to whoever asks for any: nobody takes one while its server is being restarted. */
async function startOnSomePort(program: string) {
  for (let tries = 0; tries < 20; tries += 1) {
    const port = randomInt(10_000, 32_000);
    const started = await spawnServer(program, port);
    if (started !== null) return { port, started };
  }
  throw new Error('redis-server started on none of 20 ports');
}

function portTaken(port: number): Promise<never> {
  return Promise.reject(new Error(`somebody took port ${port} while redis-server was away`));
}

/** Answers once this very server takes commands; null when it ends instead, as it does on a port that is taken. */
async function spawnServer(program: string, port: number): Promise<ChildProcess | null> {
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server = spawn(program, options, { stdio: 'ignore' });
  const mark = `process_id:${server.pid}\r\n`;
  while (server.exitCode === null) {
    const facts = await ask(`redis://127.0.0.1:${port}`, (redis) => redis.info('server'));
    if (facts?.includes(mark)) return server;
    await sleep(50);
  }
  return null;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}

/** Answers null where there is no Redis that answers. */
async function ask<Answer>(url: string, question: (redis: Redis) => Promise<Answer>) {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } catch {
    return null; // Whether it answers is the whole question.
  } finally {
    if (redis.status !== 'end') redis.disconnect();
  }
}

/** `redis-server` on the PATH. */
function findProgram(): string | null {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const programs = directories.map((directory) => join(directory, 'redis-server'));
  return programs.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
