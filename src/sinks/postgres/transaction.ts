import type pg from 'pg';
import { translated } from './errors.ts';

/** The pool, and the address it was opened with (for messages, which name host, port and database only). */
export interface Database {
  readonly pool: pg.Pool;
  readonly url: string;
}

/** Returned by the body of a transaction that must leave nothing behind. */
export class RolledBack<T> {
  readonly outcome: T;

  constructor(outcome: T) {
    this.outcome = outcome;
  }
}

/** A connection of the pool, in the hands of one caller. */
export interface Connection {
  readonly client: pg.PoolClient;
  /** Runs `body` in one transaction; see inTransaction. */
  readonly transaction: <T>(
    body: (client: pg.PoolClient) => Promise<T | RolledBack<T>>,
  ) => Promise<T>;
}

/**
 * Lends one connection to `body`, for work that must stay on one: temporary tables, several transactions in a row.
 * @throws SinkError
 */
export async function onConnection<T>(
  database: Database,
  body: (connection: Connection) => Promise<T>,
): Promise<T> {
  return translated(database.url, async () => {
    const client = await database.pool.connect();
    let broken: Error | undefined;
    // A connection that dies between two queries says so here; the next query then fails.
    const onError = (error: Error) => {
      broken = error;
    };
    const transaction: Connection['transaction'] = async (work) => {
      try {
        await client.query('begin');
        const outcome = await work(client);
        if (outcome instanceof RolledBack) {
          await client.query('rollback');
          return outcome.outcome;
        }
        await client.query('commit');
        return outcome;
      } catch (error) {
        await client.query('rollback').catch((failure: unknown) => {
          broken = failure instanceof Error ? failure : new Error('rollback failed');
        });
        throw error;
      }
    };
    client.on('error', onError);
    try {
      return await body({ client, transaction });
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  });
}

/**
 * Runs `body` in one transaction on one connection: all of it is stored, or none.
 * A body that answers `RolledBack` stores nothing and its outcome is answered.
 * @throws SinkError; nothing is stored then, except when the connection is lost during the commit itself: whoever retries
 * finds out by the checkpoint's version
 */
export async function inTransaction<T>(
  database: Database,
  body: (client: pg.PoolClient) => Promise<T | RolledBack<T>>,
): Promise<T> {
  return onConnection(database, ({ transaction }) => transaction(body));
}
