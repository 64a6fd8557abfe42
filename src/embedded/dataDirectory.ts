import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programPath } from './binaries.ts';
import { runCommand } from './command.ts';
import { EmbeddedPostgresError, systemCodeOf } from './embeddedError.ts';
import type { HostProcess } from './host.ts';
import type { Placement } from './placement.ts';

export const superuser = 'logferry';

const rmOptions = { recursive: true, force: true };
const freeBytesMin = 200_000_000;

export function dataFolder(place: Pick<Placement, 'home'>): string {
  return join(place.home, 'data');
}

/** The superuser's password, made once for each home and readable only by whoever runs LogFerry. */
export async function readPassword(place: Pick<Placement, 'home'>): Promise<string> {
  const path = join(place.home, 'password');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') {
      throw new EmbeddedPostgresError(
        `${path} cannot be read (${systemCodeOf(error) ?? 'unknown error'}): run LogFerry as the user who made it`,
        error,
      );
    }
  }
  const password = randomBytes(24).toString('hex');
  const draft = `${path}.new`;
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  await rename(draft, path);
  return password;
}

/**
 * Makes the data directory unless it is there. It appears as a whole or not at all, whatever kills the process.
 * To be called under the folder's lock.
 * @throws EmbeddedPostgresError when it belongs to another major version, the disk is full, or initdb fails
 */
export async function ensureDataDirectory(
  place: Placement & { readonly host: HostProcess },
  signal: AbortSignal,
): Promise<void> {
  const present = await majorOf(dataFolder(place));
  if (present === place.binaries.major) return;
  if (present !== null) {
    throw new EmbeddedPostgresError(
      `${dataFolder(place)} was made by PostgreSQL ${present} and this is ${place.binaries.major}: ` +
        'remove it to start anew (the cloud is read again), or install the LogFerry that made it',
    );
  }
  const { bavail, bsize } = await statfs(place.home);
  if (bavail * bsize < freeBytesMin) {
    throw new EmbeddedPostgresError(
      `embedded PostgreSQL needs ${freeBytesMin / 1_000_000} MB free at ${place.home} and found ` +
        `${Math.floor((bavail * bsize) / 1_000_000)} MB: free some space, or set database.url to a PostgreSQL server`,
    );
  }
  for (const name of await readdir(place.home)) {
    // Left by a process that was killed, whose initdb may be writing still: what cannot be removed now is removed later.
    if (name.startsWith('data.new'))
      await rm(join(place.home, name), rmOptions).catch(() => undefined);
  }
  await initialize(place, signal);
}

async function majorOf(folder: string): Promise<string | null> {
  try {
    return (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    // Root's server belongs to another user, but root may read it; anybody else made it themselves.
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw new EmbeddedPostgresError(
      `${folder} cannot be read (${systemCodeOf(error) ?? 'unknown error'}): run LogFerry as the user who made it`,
      error,
    );
  }
}

async function initialize(
  place: Placement & { readonly host: HostProcess },
  signal: AbortSignal,
): Promise<void> {
  const draft = join(place.home, `data.new-${randomBytes(6).toString('hex')}`);
  const passwordFile = `${draft}.password`;
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, await readPassword(place), { mode: 0o600 });
  if (place.user !== null) {
    for (const path of [draft, passwordFile]) await chown(path, place.user.uid, place.user.gid);
  }
  const path = programPath(place.binaries, 'initdb', place.host.platform);
  const args = [
    ...['--pgdata', draft, '--username', superuser, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'],
    ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
  ];
  const { cwd, user, host } = { cwd: place.home, user: place.user, host: place.host };
  const done = await runCommand({ path, args, cwd, user, host }, signal).catch((error: unknown) => {
    throw signal.aborted ? error : notRunnable(path, error);
  });
  await rm(passwordFile);
  if (done.code !== 0) {
    throw new EmbeddedPostgresError(
      `initdb failed in ${place.home}: ${done.output.replaceAll(/\s+/g, ' ').slice(-400)}`,
    );
  }
  await rename(draft, dataFolder(place));
}

/** ENOENT for a file that is there means that its loader is not: the programs are built for glibc. */
export function notRunnable(path: string, error: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${path} cannot be run here (${systemCodeOf(error) ?? String(error)}): the programs need glibc (not Alpine's musl); ` +
      'set database.url to a PostgreSQL server',
    error,
  );
}
