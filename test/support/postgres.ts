import { spawn } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { acquireEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { migrate } from '../../src/sinks/postgres/migrate.ts';
import { openPool } from '../../src/sinks/postgres/pool.ts';
import { openPostgresSink } from '../../src/sinks/postgres/sink.ts';
import type { Sink } from '../../src/sinks/sink.ts';

/**
 * One private PostgreSQL for the whole test run, shared by its worker processes, with a template database that is migrated
 * once. A keeper process of its own session stops it and removes its folder when the run ends, however it ends.
 */

const template = 'logferry_template';

export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

export interface TestSink extends TestDatabase {
  readonly sink: Sink;
  readonly pool: pg.Pool;
}

/** A database of its own with all migrations applied. About 50 ms after the first one. */
export async function createDatabase(): Promise<TestDatabase> {
  return cloneOf(template);
}

/** A database of its own with nothing in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return cloneOf('template1');
}

/** A sink on a database of its own. `drop` closes sink and pool too. */
export async function openTestSink(options: { readonly max?: number } = {}): Promise<TestSink> {
  const { url, drop } = await createDatabase();
  const pool = openPool(url, { max: options.max ?? 5, onIdleError: () => undefined });
  const sink = openPostgresSink({ pool, url });
  return {
    url,
    pool,
    sink,
    drop: async () => {
      await sink.close();
      await pool.end();
      await drop();
    },
  };
}

/** The address of the server's maintenance database, for tests of the server as a whole. Holds a password. */
async function testServerUrl(): Promise<string> {
  server ??= startServer();
  return server;
}

let server: Promise<string> | undefined;
let clones = 0;

async function cloneOf(source: string): Promise<TestDatabase> {
  const admin = await testServerUrl();
  clones += 1;
  const name = `test_${process.pid}_${Date.now().toString(36)}_${clones}`;
  await query(admin, `create database ${name} template ${source}`);
  return {
    url: withDatabase(admin, name),
    drop: () => query(admin, `drop database if exists ${name} with (force)`),
  };
}

async function startServer(): Promise<string> {
  const run = runPid();
  const folder = join(tmpdir(), `logferry-test-${run}`);
  // Readable for the system user that PostgreSQL runs as when the tests run as root.
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  startKeeper(run, folder);
  const { url } = await acquireEmbeddedPostgres(
    {
      directory: folder,
      host: process,
      log: { info: () => undefined },
      settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300' },
    },
    new AbortController().signal,
  );
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // One process makes the template, the others wait for it.
    await client.query('select pg_advisory_lock(1)');
    const found = await client.query('select from pg_database where datname = $1', [template]);
    if (found.rowCount === 0) {
      await client.query(`create database ${template}_draft`);
      await migrate({ url: withDatabase(url, `${template}_draft`) });
      await client.query(`alter database ${template}_draft rename to ${template}`);
    }
  } finally {
    await client.end();
  }
  return url;
}

/** The pid of jest itself: tests run in it, or in a child process of it. */
function runPid(): number {
  return typeof process.send === 'function' ? process.ppid : process.pid;
}

/** Each process of the run starts one; the first to see the run's end does the work, for the others nothing is left. */
function startKeeper(run: number, folder: string): void {
  const script = `
    while kill -0 ${run} 2>/dev/null; do sleep 0.3; done
    pid=$(head -n 1 "$1/postgres/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
    sleep 0.5
    rm -rf "$1"`;
  spawn('sh', ['-c', script, 'keeper', folder], { detached: true, stdio: 'ignore' }).unref();
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
