import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
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
  if (url !== undefined && url !== '' && (await answers(url))) {
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
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server = await spawnServer(program, port);
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
      server = await spawnServer(program, port);
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

async function spawnServer(program: string, port: number): Promise<ChildProcess> {
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
  for (let tries = 0; tries < 100; tries += 1) {
    if (await answers(`redis://127.0.0.1:${port}`)) return server;
    await sleep(50);
  }
  throw new Error(`redis-server did not start on port ${port}`);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    if (redis.status !== 'end') redis.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
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
