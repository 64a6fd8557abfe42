import type pg from 'pg';
import { translated } from './errors.ts';
import { inOneFlight } from './flight.ts';
import type { Step, StepResult } from './flight.ts';

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

/** A transaction of two waits for the server: `begin` and `commit` go along with its first and its last steps. */
export interface Flights {
  /** Between the two. */
  readonly client: pg.PoolClient;
  /** What came of the steps. */
  readonly begin: (steps: readonly Step[]) => Promise<readonly StepResult[]>;
  readonly commit: (steps: readonly Step[]) => Promise<void>;
}

/** A connection of the pool, in the hands of one caller. */
export interface Connection {
  readonly client: pg.PoolClient;
  /** Runs `body` in one transaction; see inTransaction. */
  readonly transaction: <T>(
    body: (client: pg.PoolClient) => Promise<T | RolledBack<T>>,
  ) => Promise<T>;
  /** Runs `body` in one transaction; see inFlights. */
  readonly flights: <T>(body: (flights: Flights) => Promise<T | RolledBack<T>>) => Promise<T>;
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
    const wholly = async <Out>(work: () => Promise<Out | RolledBack<Out>>): Promise<Out> => {
      try {
        const outcome = await work();
        if (!(outcome instanceof RolledBack)) return outcome;
        await client.query('rollback');
        return outcome.outcome;
      } catch (error) {
        await client.query('rollback').catch((failure: unknown) => {
          broken = failure instanceof Error ? failure : new Error('rollback failed');
        });
        throw error;
      }
    };
    const connection: Connection = {
      client,
      transaction: (work) =>
        wholly(async () => {
          await client.query('begin');
          const outcome = await work(client);
          if (!(outcome instanceof RolledBack)) await client.query('commit');
          return outcome;
        }),
      flights: (work) =>
        wholly(() =>
          work({
            client,
            begin: async (steps) => (await inOneFlight(client, [begin, ...steps])).slice(1),
            commit: async (steps) => {
              await inOneFlight(client, [...steps, commit]);
            },
          }),
        ),
    };
    client.on('error', onError);
    try {
      return await body(connection);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  });
}

const begin: Step = { text: 'begin' };
const commit: Step = { text: 'commit' };

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

/**
 * The same for a body that calls `begin` first and, unless it answers `RolledBack`, `commit` last: for the hot writes. A page's
 * transaction waits twice instead of eight times, each time for a process that is busy with the next pages.
 */
export async function inFlights<T>(
  database: Database,
  body: (flights: Flights) => Promise<T | RolledBack<T>>,
): Promise<T> {
  return onConnection(database, ({ flights }) => flights(body));
}
