import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { programPath } from './binaries.ts';
import { runCommand } from './command.ts';
import { dataFolder, notRunnable, readPassword, superuser } from './dataDirectory.ts';
import { EmbeddedPostgresError, systemCodeOf } from './embeddedError.ts';
import type { HostProcess } from './host.ts';
import { commandLineOf, isAlive } from './host.ts';
import type { Placement } from './placement.ts';

/** One server and the process that asks. All functions are to be called under the folder's lock. */
export interface ServerPlace extends Placement {
  readonly host: HostProcess;
  /** Settings beside LogFerry's own, by name: `{ fsync: 'off' }`. Values without spaces. */
  readonly settings: Readonly<Record<string, string>>;
}

const database = 'logferry';
const startTriesMax = 4;
const readyWaitMs = 60_000;
const readyPollMs = 50;

/** Lightly tuned for a laptop that runs other things too. */
const ownSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '64MB',
  max_connections: '60',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * The port of the server that runs on this place, waited for while it starts up; null when none runs. A postmaster.pid
 * left by a crash, whose pid another program has by now, counts for nothing and is removed: it would block the start.
 */
export async function findRunning(place: ServerPlace, signal: AbortSignal): Promise<number | null> {
  const pidFile = join(dataFolder(place), 'postmaster.pid');
  for (let waitedMs = 0; waitedMs < readyWaitMs; waitedMs += readyPollMs) {
    const lines = await readLines(pidFile);
    if (lines === null) return null;
    const pid = Number(lines[0]);
    if (!isAlive(place.host, pid)) return null; // PostgreSQL removes the file itself
    if (!isPostmaster(place, pid)) {
      await rm(pidFile, { force: true });
      return null;
    }
    const port = Number(lines[3]);
    if (port > 0 && (await isReady(place, port))) return port;
    await sleep(readyPollMs, undefined, { signal });
  }
  throw new EmbeddedPostgresError(
    `the PostgreSQL server in ${dataFolder(place)} runs but does not answer: look at ${logPath(place)}`,
  );
}

/** Starts the server and answers its port: the one it had last, where that is free. */
export async function startServer(place: ServerPlace, signal: AbortSignal): Promise<number> {
  const portFile = join(place.home, 'port');
  const lastPort = Number((await readLines(portFile))?.[0] ?? 0);
  let preferred = lastPort;
  for (let tries = 1; ; tries += 1) {
    const port = await freePort(preferred);
    await rm(logPath(place), { force: true });
    const done = await control(
      place,
      ['start', '-l', logPath(place), '-o', optionsOf(place, port)],
      signal,
    );
    if (done.code === 0) {
      await writeFile(portFile, `${port}\n`);
      return port;
    }
    // A process that was killed may have been starting it just now: then it runs.
    const running = await findRunning(place, signal);
    if (running !== null) return running;
    // Somebody may have taken the port in between: try another, whatever the reason was.
    if (tries === startTriesMax) {
      const log = (await readLines(logPath(place)))?.slice(-5).join(' ').slice(-600) ?? done.output;
      throw new EmbeddedPostgresError(`embedded PostgreSQL did not start in ${place.home}: ${log}`);
    }
    preferred = 0;
  }
}

/** Stops the server, if one runs: running transactions are rolled back, committed ones are safe. */
export async function stopServer(place: ServerPlace, signal: AbortSignal): Promise<void> {
  if ((await readLines(join(dataFolder(place), 'postmaster.pid'))) === null) return;
  const done = await control(place, ['stop', '-m', 'fast'], signal);
  if (done.code !== 0 && (await readLines(join(dataFolder(place), 'postmaster.pid'))) !== null) {
    throw new EmbeddedPostgresError(`embedded PostgreSQL did not stop: ${done.output}`);
  }
}

export async function urlOf(place: Placement, port: number, name = database): Promise<string> {
  return `postgresql://${superuser}:${await readPassword(place)}@127.0.0.1:${port}/${name}`;
}

async function control(place: ServerPlace, args: readonly string[], signal: AbortSignal) {
  const path = programPath(place.binaries, 'pg_ctl', place.host.platform);
  const { home: cwd, user, host } = place;
  const all = [...args, '-D', dataFolder(place), '-w', '-t', String(readyWaitMs / 1_000)];
  return runCommand({ path, args: all, cwd, user, host }, signal).catch((error: unknown) => {
    throw signal.aborted ? error : notRunnable(path, error);
  });
}

function optionsOf(place: ServerPlace, port: number): string {
  const settings = Object.entries({ ...ownSettings, ...place.settings, port: String(port) });
  return settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

function logPath(place: ServerPlace): string {
  return join(dataFolder(place), 'server.log');
}

function isPostmaster(place: ServerPlace, pid: number): boolean {
  // Windows tells no command line; whether the server answers decides there.
  if (place.host.platform === 'win32') return true;
  const command = commandLineOf(place.host, pid) ?? '';
  const folder = dataFolder(place);
  return command.includes(`-D\0${folder}\0`) || command.includes(`-D ${folder} `);
}

async function isReady(place: ServerPlace, port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: await urlOf(place, port, 'postgres') });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false; // starting up, or shutting down
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Makes the database unless it is there. */
export async function ensureDatabase(place: ServerPlace, port: number): Promise<void> {
  const client = new pg.Client({ connectionString: await urlOf(place, port, 'postgres') });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}

async function readLines(path: string): Promise<readonly string[] | null> {
  try {
    return (await readFile(path, 'utf8')).trim().split('\n');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function freePort(preferred: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      if (preferred === 0) reject(error);
      else resolve(freePort(0));
    });
    probe.listen(preferred, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
