import pg from 'pg';
import { placeOf, translated } from './errors.ts';
import { readMigrationFolder } from './migrations.ts';

export interface DatabaseFacts {
  /** `18.4` */
  readonly version: string;
  /** Host, port and database, without credentials. */
  readonly place: string;
  /** Migrations of this version of LogFerry that are not applied yet. */
  readonly pending: number;
}

/**
 * Looks at the database without changing it.
 * @throws SinkError when it cannot be reached or refuses
 */
export function probeDatabase(url: string): Promise<DatabaseFacts> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ version: string; migrated: boolean }>(
      `select current_setting('server_version') as version,
              to_regclass('_prisma_migrations') is not null as migrated`,
    );
    const [facts] = rows;
    const applied = new Set<string>();
    if (facts?.migrated === true) {
      const found = await client.query<{ name: string }>(
        `select migration_name as name from _prisma_migrations where finished_at is not null`,
      );
      found.rows.forEach(({ name }) => applied.add(name));
    }
    const known = readMigrationFolder().migrations;
    return {
      version: facts?.version ?? 'unknown',
      place: placeOf(url),
      pending: known.filter(({ name }) => !applied.has(name)).length,
    };
  });
}

/**
 * Makes a new, empty database on the same server and answers its address; databases of the same prefix that nobody uses
 * any more are dropped first.
 * @param prefix lower-case letters only
 * @throws SinkError
 */
export async function createFreshDatabase(url: string, prefix: string): Promise<string> {
  const fresh = new URL(url);
  await withClient(url, async (client) => {
    const old = await client.query<{ name: string }>(
      `select datname as name
       from pg_database d
       where datname ~ ('^' || $1 || '_[0-9]+$')
         and not exists (select 1 from pg_stat_activity a where a.datname = d.datname)`,
      [prefix],
    );
    for (const { name } of old.rows) {
      await client.query(`drop database if exists ${client.escapeIdentifier(name)}`);
    }
    const name = `${prefix}_${Date.now()}`;
    await client.query(`create database ${client.escapeIdentifier(name)}`);
    fresh.pathname = `/${name}`;
  });
  return fresh.href;
}

/** The answer to a query, every value as text; null as `null`. */
export interface TextRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Runs one query as the analyst role in a read-only transaction: what an analyst sees.
 * @throws SinkError
 */
export function queryAsAnalyst(url: string, sql: string): Promise<TextRows> {
  return withClient(url, async (client) => {
    await client.query('begin read only');
    await client.query('set local role logferry_analyst');
    const answer = await client.query<(string | null)[]>({
      text: sql,
      rowMode: 'array',
      types: { getTypeParser: () => (text: string | null) => text },
    });
    await client.query('rollback');
    return {
      columns: answer.fields.map(({ name }) => name),
      rows: answer.rows.map((row) => row.map((value) => value ?? 'null')),
    };
  });
}

function withClient<Value>(
  url: string,
  use: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  return translated(url, async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'logferry',
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => undefined); // the query that runs then fails, and tells
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  });
}
