import { isNativeError } from 'node:util/types';
import pg from 'pg';
import { SinkError } from '../sinkError.ts';
import { placeOf, sinkErrorOf, translated } from './errors.ts';
import type { MigrationFolder } from './migrations.ts';
import { readMigrationFolder } from './migrations.ts';
import type { OpenSchemaEngine } from './schemaEngine.ts';
import { openSchemaEngine } from './schemaEngine.ts';

/** Any number that nothing else in the database locks on: "logferry" read as a base-36 number, shortened. */
const lockKey = 781_443_602;

/**
 * Committed with every migration: marks it finished in the transaction that ran it. So a migration that is not marked
 * did not happen, whatever killed the process, and can simply run again.
 */
const markFinished = `
update _prisma_migrations set finished_at = now()
where finished_at is null and rolled_back_at is null;`;

const noFilters = { externalTables: [], externalEnums: [] };

/**
 * Brings the database to this version's schema, forward only, and answers the names of the migrations it applied.
 * Each is one transaction. Two processes may call it at once: an advisory lock lets one work and the other find it done.
 * @param database.folder the prisma/ folder; the installation's own by default
 * @throws SinkError `refused` when an applied migration was edited, when the database is newer than this program or holds
 * tables of something else, and when a migration fails
 */
export async function migrate(database: {
  readonly url: string;
  readonly folder?: MigrationFolder;
}): Promise<readonly string[]> {
  const folder = database.folder ?? readMigrationFolder();
  const client = new pg.Client({
    connectionString: database.url,
    application_name: 'logferry migrate',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined); // the query that runs then fails, and tells
  return translated(database.url, async () => {
    await client.connect();
    try {
      await client.query('select pg_advisory_lock($1)', [lockKey]);
      if (await isCurrent(client, folder)) return [];
      return await applyPending(database.url, folder);
    } finally {
      await client.end(); // ends the lock with it
    }
  });
}

/** The usual start: everything is applied. Then the engine (60 ms and 40 MB) need not be loaded. */
async function isCurrent(client: pg.Client, folder: MigrationFolder): Promise<boolean> {
  const table = await client.query<{ present: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as present`,
  );
  if (table.rows[0]?.present !== true) return false;
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `select migration_name as name, checksum, finished_at is not null as finished
     from _prisma_migrations
     where rolled_back_at is null
     order by migration_name`,
  );
  return (
    rows.length === folder.migrations.length &&
    folder.migrations.every(
      ({ name, checksum }, index) =>
        rows[index]?.finished === true &&
        rows[index].name === name &&
        rows[index].checksum === checksum,
    )
  );
}

async function applyPending(url: string, folder: MigrationFolder): Promise<readonly string[]> {
  const migrationsList = {
    baseDir: folder.path,
    lockfile: { path: 'migration_lock.toml', content: folder.lockfile },
    shadowDbInitScript: '',
    migrationDirectories: folder.migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
  const open = await openSchemaEngine({ url, datamodel: folder.datamodel, epilogue: markFinished });
  try {
    const found = await open.engine.diagnoseMigrationHistory({
      migrationsList,
      optInToShadowDatabase: false,
      filters: noFilters,
    });
    // One that failed is no longer there: its text may change.
    const edited = found.editedMigrationNames.find(
      (name) => !found.failedMigrationNames.includes(name),
    );
    if (edited !== undefined) {
      throw new SinkError(
        'refused',
        `the migration ${edited} was applied to this database with another text: migrations are never edited; ` +
          'restore its file (reinstall LogFerry) and put the change into a new migration',
      );
    }
    if (found.history !== null && found.history.diagnostic !== 'databaseIsBehind') {
      throw new SinkError(
        'refused',
        `the database has migrations that this LogFerry does not know (${found.history.unpersistedMigrationNames.join(', ')}): ` +
          'run the newer version, or restore a backup',
      );
    }
    for (const migrationName of found.failedMigrationNames) {
      await open.engine.markMigrationRolledBack({ migrationName });
    }
    const done = await open.engine.applyMigrations({ migrationsList, filters: noFilters });
    return done.appliedMigrationNames;
  } catch (error) {
    throw error instanceof SinkError ? error : migrationError(error, open, url);
  } finally {
    await open.close();
  }
}

function migrationError(error: unknown, open: OpenSchemaEngine, url: string): SinkError {
  const script = open.scriptError();
  const met = sinkErrorOf(script, placeOf(url));
  if (met instanceof SinkError && met.kind === 'unavailable') return met;
  if (isNativeError(script)) {
    return new SinkError(
      'refused',
      `a migration failed and was rolled back as a whole: ${script.message}; repair the cause and run it again`,
      script,
    );
  }
  const text = isNativeError(error) ? error.message : String(error);
  return new SinkError(
    'refused',
    `the migrations could not be applied: ${text.replaceAll(/\s+/g, ' ').trim()}`,
    error,
  );
}
