import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A migration on disk. `checksum` is what `_prisma_migrations` keeps of it: the SHA-256 of its text, in hex. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The prisma/ folder: the schema, the migrations in their order, and the lock file that names the database kind. */
export interface MigrationFolder {
  readonly path: string;
  readonly datamodel: string;
  readonly lockfile: string;
  readonly migrations: readonly Migration[];
}

/**
 * Reads a prisma/ folder; by default the one above this module, from `src/` and from the built `dist/src/` alike.
 * @throws Error when there is none: the installation is broken
 */
export function readMigrationFolder(path: string = findFolder()): MigrationFolder {
  const base = join(path, 'migrations');
  const names = readdirSync(base, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    path: base,
    datamodel: readFileSync(join(path, 'schema.prisma'), 'utf8'),
    lockfile: readFileSync(join(base, 'migration_lock.toml'), 'utf8'),
    migrations: names.map((name) =>
      migrationOf(name, readFileSync(join(base, name, 'migration.sql'), 'utf8')),
    ),
  };
}

export function migrationOf(name: string, sql: string): Migration {
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

function findFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'prisma');
    if (existsSync(join(candidate, 'schema.prisma'))) return candidate;
    if (dirname(folder) === folder) {
      throw new Error(`no prisma/ folder with the migrations above ${start}: reinstall LogFerry`);
    }
  }
}
