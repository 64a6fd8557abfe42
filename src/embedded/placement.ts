import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  cp,
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { findBinaries } from './binaries.ts';
import type { ServerUser } from './command.ts';
import { EmbeddedPostgresError, systemCodeOf } from './embeddedError.ts';
import type { HostProcess } from './host.ts';

/** Where a server lives and who runs it. */
export interface Placement {
  /** Holds data/, clients/, the password, the port and the lock. Real path. */
  readonly home: string;
  readonly binaries: Binaries;
  /** null: whoever runs LogFerry. */
  readonly user: ServerUser | null;
}

const serverUsers = ['postgres', 'nobody'];

/**
 * Decides where the server of `directory` lives: in `<directory>/postgres`. PostgreSQL refuses to run as root; started by
 * root it runs as a system user, and where that user cannot reach the directory or the programs (a checkout under /root)
 * they go to a folder of their own in /var/tmp, which is said in one log line.
 * @throws EmbeddedPostgresError when the directory cannot be written, or there is no user to run the server
 */
export async function placeServer(options: {
  readonly directory: string;
  readonly host: HostProcess;
  readonly log: { info(fields: object, message: string): void };
}): Promise<Placement> {
  const { directory, host, log } = options;
  const binaries = await findBinaries(host);
  const local = await makeFolder(join(directory, 'postgres'));
  if (host.getuid?.() !== 0) return { home: local, binaries, user: null };

  const user = await findServerUser();
  const isHomeReachable = await canReach(local, user);
  const areBinariesReachable = await canReach(join(binaries.folder, 'bin'), user);
  if (isHomeReachable && areBinariesReachable) return { home: local, binaries, user };

  const apart = await makeFolderApart(local);
  const placement = {
    home: isHomeReachable ? local : apart,
    binaries: areBinariesReachable
      ? binaries
      : await copyBinaries(binaries, { folder: apart, pid: host.pid }),
    user,
  };
  log.info(
    { event: 'embedded_postgres_apart', folder: apart, directory: local, uid: user.uid },
    'embedded PostgreSQL, which does not run as root, cannot reach the directory: it lives in /var/tmp',
  );
  return placement;
}

async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    await access(path, constants.W_OK);
    return await realpath(path);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `embedded PostgreSQL cannot write to ${path} (${systemCodeOf(error) ?? 'unknown error'}): ` +
        'run LogFerry in a directory that you can write to, or set database.url to a PostgreSQL server',
      error,
    );
  }
}

async function findServerUser(): Promise<ServerUser> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of serverUsers) {
    const found = lines.find((fields) => fields[0] === name);
    if (found !== undefined) {
      // macOS writes nobody's ids as -2.
      return { uid: Number(found[2]) >>> 0, gid: Number(found[3]) >>> 0 };
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root and there is no user ${serverUsers.join(' or ')} to run it: ` +
      'run LogFerry as an ordinary user, or set database.url to a PostgreSQL server',
  );
}

/** Whether the user may enter the folder and every folder above it, by owner, group and mode (access lists are not read). */
async function canReach(folder: string, user: ServerUser): Promise<boolean> {
  for (let at = await realpath(folder); ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dirname(at) === at) return true;
  }
}

/** @throws EmbeddedPostgresError when somebody else put something in that place: /var/tmp is open to all users */
async function makeFolderApart(local: string): Promise<string> {
  const name = createHash('sha256').update(local).digest('hex').slice(0, 16);
  const path = join('/var/tmp', `logferry-${name}`);
  try {
    await mkdir(path, { mode: 0o755 });
    await chmod(path, 0o755); // whatever the umask
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(
      `${path} was not made by LogFerry (its owner is ${found.uid}): remove it and try again`,
    );
  }
  return path;
}

async function copyBinaries(
  binaries: Binaries,
  to: { readonly folder: string; readonly pid: number },
): Promise<Binaries> {
  const { ino, mtimeMs } = await stat(binaries.folder);
  const folder = join(to.folder, `programs-${binaries.major}-${ino}-${Math.trunc(mtimeMs)}`);
  if (await isPresent(folder)) return { ...binaries, folder };
  const draft = `${folder}.${to.pid}`;
  await rm(draft, { recursive: true, force: true });
  await cp(binaries.folder, draft, { recursive: true, verbatimSymlinks: true });
  await rename(draft, folder).catch(async (error: unknown) => {
    if (!(await isPresent(folder))) throw error; // else another process was quicker
    await rm(draft, { recursive: true, force: true });
  });
  return { ...binaries, folder };
}

async function isPresent(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
