import type { HostProcess } from '../embedded/host.ts';
import type { Log } from '../engine/ports.ts';
import { migrate } from '../sinks/postgres/migrate.ts';
import { openPool } from '../sinks/postgres/pool.ts';
import { openPostgresSink } from '../sinks/postgres/sink.ts';
import type { Sink } from '../sinks/sink.ts';
import { openDatabase } from './database.ts';

/** The database of a configuration, migrated and open. */
export interface Store {
  readonly sink: Sink;
  /** For the queue on PostgreSQL, which keeps its own connections. Holds the password: never print it. */
  readonly databaseUrl: string;
  readonly embedded: boolean;
  /** Migrations that were applied by opening it. */
  readonly applied: readonly string[];
  close(): Promise<void>;
}

const connectionsMax = 12;

/**
 * Opens the configured or embedded database and brings it to this version's schema.
 * @throws SinkError or EmbeddedPostgresError: one line that says what to do
 */
export async function openStore(
  place: {
    readonly url: string | null;
    readonly directory: string;
    readonly host: HostProcess;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<Store> {
  const database = await openDatabase(place, signal);
  try {
    const applied = await migrate({ url: database.url });
    for (const migration of applied) {
      place.log.info({ event: 'migration_applied', migration }, 'migration applied');
    }
    const pool = openPool(database.url, {
      max: connectionsMax,
      onIdleError: (error) => {
        place.log.warn(
          { event: 'database_connection_lost', reason: error.message },
          'idle database connection lost; a new one is opened when needed',
        );
      },
    });
    const sink = openPostgresSink({ pool, url: database.url });
    return {
      sink,
      databaseUrl: database.url,
      embedded: database.embedded,
      applied,
      close: async () => {
        await sink.close();
        await pool.end();
        await database.release();
      },
    };
  } catch (error) {
    await database.release();
    throw error;
  }
}
