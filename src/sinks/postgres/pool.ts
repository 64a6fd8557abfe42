import pg from 'pg';

/**
 * Opens the pool that the sink, COPY and the queue share. Connects lazily; never throws.
 * A statement is cut off after 2 minutes, a wait for a lock after 30 s, a transaction whose process went silent after
 * 1 minute: a killed worker holds no row for longer.
 * @param options.max connections at most, >= 1
 * @param options.onIdleError told when an idle connection dies (a restart of PostgreSQL); the pool replaces it
 */
export function openPool(
  url: string,
  options: {
    readonly max: number;
    readonly onIdleError: (error: Error) => void;
  },
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: 'logferry',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 120_000,
    lock_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
  });
  // Without a listener the death of an idle connection would end the process.
  pool.on('error', options.onIdleError);
  // Every queue and worker that shares the pool adds its own listener.
  pool.setMaxListeners(0);
  return pool;
}
