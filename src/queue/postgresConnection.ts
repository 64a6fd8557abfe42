import { DEFAULT_SCHEMA, isPgPool, runMigrations } from 'bullmq';
import pg from 'pg';
import { errorCodeOf } from '../domain/errorCode.ts';
import { messageOf } from './messageOf.ts';
import { QueueError } from './queueError.ts';
import { within } from './within.ts';
import type { QueueConnection } from './connection.ts';

/**
 * Three workers each pin one connection for LISTEN; the rest serve queries, which are short. Fewer than workers + 1 starves the last
 * worker (measured). Idle connections leave after 10 s, so a process without workers holds one or two.
 */
const poolSizeMax = 10;
const connectTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;

/**
 * Opens a pool of its own for BullMQ (its statements need another search_path than the sink's) and brings schema `bullmq` up to date,
 * under BullMQ's advisory lock: any number of processes may do so at once.
 * @throws QueueError
 */
export async function openPostgres(options: {
  /** The database of the sink. */
  readonly url: string;
}): Promise<QueueConnection> {
  const server = serverOf(options.url);
  const pool = new pg.Pool({
    connectionString: withSearchPath(options.url),
    max: poolSizeMax,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'logferry queue',
  });
  if (!isPgPool(pool)) throw new Error('BullMQ does not know this version of pg');
  pool.setMaxListeners(0); // Every queue and worker listens for the pool's errors.
  pool.on('error', () => undefined); // An idle connection that dies must not end the process before onError is set.
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client);
    } finally {
      client.release();
    }
  } catch (cause) {
    await pool.end();
    throw unreachable(server, cause);
  }
  return {
    kind: 'postgres',
    server,
    warnings: [],
    bull: { kind: 'postgres', pool },
    ping: () => pool.query('select 1'),
    onError: (listener) => {
      pool.on('error', listener);
    },
    close: async () => {
      await within(pool.end(), closeTimeoutMs);
    },
  };
}

/** A startup option, so that it also holds on connections opened after an outage. Kept beside options the URL has already. */
function withSearchPath(url: string): string {
  const [address, query] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const own = `-c search_path=${DEFAULT_SCHEMA}`;
  const given = parameters.get('options');
  parameters.set('options', given === null ? own : `${given} ${own}`);
  return `${address ?? ''}?${parameters.toString()}`;
}

/** The address up to its last `@` left out: withholds the password even where it is not percent-encoded as it should be. */
function serverOf(url: string): string {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new QueueError(
      'misconfigured',
      'database.url is not a PostgreSQL address; write postgresql://user:password@host:port/database',
    );
  }
  return url.replace(/:\/\/.*@/, '://').replace(/\?.*$/, '');
}

function unreachable(server: string, cause: unknown): QueueError {
  const code = errorCodeOf(cause) ?? '';
  const answer = messageOf(cause) || code;
  const refused = /^(28|3D|42501)/.test(code);
  return new QueueError(
    refused ? 'refused' : 'unavailable',
    `cannot use the queue in ${server}: ${answer}; check database.url (DATABASE_URL)` +
      (code === '42501' ? ': the user must be allowed to create schema bullmq' : ''),
    { cause },
  );
}
