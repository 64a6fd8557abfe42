import { Redis } from 'ioredis';
import { messageOf } from './messageOf.ts';
import { QueueError } from './queueError.ts';
import { within } from './within.ts';
import type { QueueConnection } from './connection.ts';

const connectTimeoutMs = 5_000;
const closeTimeoutMs = 1_000;
const retryDelayMaxMs = 2_000;

/**
 * Opens one ioredis connection for all queues (workers duplicate it for their blocking reads), after a probe has proven address,
 * password and version, so that a wrong URL is one error within seconds and not a silent retry for ever.
 * @throws QueueError
 */
export async function openRedis(options: {
  /** `redis://` or `rediss://` (TLS), with user, password and database where needed. */
  readonly url: string;
  /** Starts every key, so that one Redis can serve several installations. */
  readonly prefix: string;
}): Promise<QueueConnection> {
  const server = serverOf(options.url);
  const warnings = await probe(options.url, server);
  const redis = new Redis(options.url, {
    ...commonOptions,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, retryDelayMaxMs),
  });
  return {
    kind: 'redis',
    server,
    warnings,
    bull: { kind: 'redis', redis, prefix: options.prefix },
    ping: () => redis.ping(),
    onError: (listener) => {
      redis.on('error', listener);
    },
    close: async () => {
      await within(
        redis.quit().catch(() => undefined),
        closeTimeoutMs,
      );
      hangUp(redis);
    },
  };
}

const commonOptions = { connectTimeout: connectTimeoutMs, connectionName: 'logferry' };

async function probe(url: string, server: string): Promise<string[]> {
  const redis = new Redis(url, {
    ...commonOptions,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 1,
  });
  let lastError: Error | undefined;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    const info = await within(
      redis.connect().then(() => redis.info()),
      connectTimeoutMs + 1_000,
    );
    if (info === 'late') throw new Error(`no answer within ${connectTimeoutMs / 1_000} s`);
    return warningsOf(info, server);
  } catch (error) {
    if (error instanceof QueueError) throw error;
    throw unreachable(server, lastError ?? error);
  } finally {
    hangUp(redis);
  }
}

/** Disconnecting what has ended already would keep the process for another 2 s. */
function hangUp(redis: Redis): void {
  if (redis.status !== 'end') redis.disconnect();
}

/** BullMQ needs Redis 6.2; an evicting Redis deletes queue jobs when memory runs low. Managed ones may hide the policy. */
function warningsOf(info: string, server: string): string[] {
  const fact = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = fact('redis_version');
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version !== undefined && (major < 6 || (major === 6 && minor < 2))) {
    throw new QueueError(
      'misconfigured',
      `the queue server ${server} runs Redis ${version}; LogFerry needs 6.2 or later`,
    );
  }
  const policy = fact('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return [];
  return [
    `Redis at ${server} has maxmemory-policy ${policy} and may delete queue jobs when memory runs low; ` +
      'set it to noeviction. What is lost is queued again from Postgres.',
  ];
}

function unreachable(server: string, cause: unknown): QueueError {
  const answer = messageOf(cause);
  const refused = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR DB index)/.test(
    answer,
  );
  return new QueueError(
    refused ? 'refused' : 'unavailable',
    `cannot use the queue at ${server}: ${answer}; check queue.url (REDIS_URL)` +
      (refused
        ? ': user, password and database number'
        : ' and that the server runs and is reachable from here'),
    { cause },
  );
}

/** The address without user and password. */
function serverOf(url: string): string {
  const { protocol, host, pathname } = urlOf(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw notRedis();
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

function urlOf(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw notRedis(); // The cause would print the URL, and with it the password.
  }
}

function notRedis(): QueueError {
  return new QueueError(
    'misconfigured',
    'queue.url is not a Redis address; write redis://[user:password@]host[:port][/database] (rediss:// for TLS), or leave it out to keep the queue in PostgreSQL',
  );
}
