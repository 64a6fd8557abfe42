import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../../src/sinks/postgres/migrate.ts';
import type { MigrationFolder } from '../../../src/sinks/postgres/migrations.ts';
import { migrationOf, readMigrationFolder } from '../../../src/sinks/postgres/migrations.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { createEmptyDatabase } from '../../support/postgres.ts';

const own = readMigrationFolder();

/** The installation's migrations and further ones. */
function withMore(...more: readonly (readonly [name: string, sql: string])[]): MigrationFolder {
  return {
    ...own,
    migrations: [...own.migrations, ...more.map(([name, sql]) => migrationOf(name, sql))],
  };
}

const open: TestDatabase[] = [];

async function emptyDatabase() {
  const database = await createEmptyDatabase();
  open.push(database);
  return database;
}

async function select(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  for (const database of open) await database.drop();
});

describe('migrating', () => {
  it('applies what is pending, in order, and then nothing', async () => {
    const { url } = await emptyDatabase();
    expect(await migrate({ url })).toEqual(own.migrations.map(({ name }) => name));
    expect(await migrate({ url })).toEqual([]);
    const folder = withMore(
      ['29990101000000_a', 'create table a (x int)'],
      ['29990102000000_b', 'alter table a add y int'],
    );
    expect(await migrate({ url, folder })).toEqual(['29990101000000_a', '29990102000000_b']);
    expect(await migrate({ url, folder })).toEqual([]);
  });

  it('by several processes at once is done once', async () => {
    const { url } = await emptyDatabase();
    const results = await Promise.all([1, 2, 3].map(() => migrate({ url })));
    expect(results.filter((applied) => applied.length > 0)).toHaveLength(1);
  });

  it("of several databases of one server at once works: they share the analysts' role", async () => {
    const databases = await Promise.all([1, 2, 3].map(emptyDatabase));
    const results = await Promise.all(databases.map(({ url }) => migrate({ url })));
    expect(results.map((applied) => applied.length)).toEqual(
      [1, 2, 3].map(() => own.migrations.length),
    );
  });

  it('is all of a migration or nothing, and can be run again once the cause is gone', async () => {
    const { url } = await emptyDatabase();
    await migrate({ url });
    const broken =
      'create table a (x int); -- a comment; with semicolons\ncreate table b (x nonsense);';
    await expect(
      migrate({ url, folder: withMore(['29990101000000_a', broken]) }),
    ).rejects.toMatchObject({
      name: 'SinkError',
      kind: 'refused',
      message: expect.stringMatching(/rolled back as a whole: type "nonsense" does not exist/),
    });
    expect(await select(url, `select to_regclass('a') as a`)).toEqual([{ a: null }]);
    const repaired = withMore(['29990101000000_a', 'create table a (x int)']);
    expect(await migrate({ url, folder: repaired })).toEqual(['29990101000000_a']);
    expect(await migrate({ url, folder: repaired })).toEqual([]);
    const further = {
      ...repaired,
      migrations: [...repaired.migrations, migrationOf('29990102000000_b', 'select')],
    };
    expect(await migrate({ url, folder: further })).toEqual(['29990102000000_b']);
  });

  it('goes on after a process that was killed in the middle of it', async () => {
    const { url } = await emptyDatabase();
    await migrate({ url });
    const slow = withMore(['29990101000000_a', 'create table a (x int); select pg_sleep(30);']);
    const killed = expect(migrate({ url, folder: slow })).rejects.toMatchObject({
      name: 'SinkError',
      kind: 'unavailable',
    });
    const isRunning = `select pid from pg_stat_activity
      where query like '%pg_sleep(30)%' and pid <> pg_backend_pid() and datname = current_database()`;
    while ((await select(url, isRunning)).length === 0);
    await select(url, `select pg_terminate_backend(pid) from (${isRunning}) running`);
    await killed;
    const quick = withMore(['29990101000000_a', 'create table a (x int)']);
    expect(await migrate({ url, folder: quick })).toEqual(['29990101000000_a']);
  });

  it('refuses an applied migration whose text was changed, and names it', async () => {
    const { url } = await emptyDatabase();
    await migrate({ url, folder: withMore(['29990101000000_a', 'create table a (x int)']) });
    const folder = withMore(['29990101000000_a', 'create table a (x bigint)']);
    await expect(migrate({ url, folder })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/29990101000000_a.*never edited/),
    });
  });

  it('refuses a database that a newer version has migrated, and says so', async () => {
    const { url } = await emptyDatabase();
    await migrate({ url, folder: withMore(['29990101000000_a', 'create table a (x int)']) });
    await expect(migrate({ url })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/29990101000000_a.*newer version/),
    });
  });

  it('refuses a database that holds tables of something else', async () => {
    const { url } = await emptyDatabase();
    await select(url, 'create table customers (id int)');
    await expect(migrate({ url })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/not empty/),
    });
  });

  it('says what is wrong with the address, without the password', async () => {
    const { url } = await emptyDatabase();
    const wrong = (change: (url: URL) => void) => {
      const changed = new URL(url);
      change(changed);
      return async () => migrate({ url: changed.toString() });
    };
    const attempts = [
      [wrong((u) => (u.password = 'hunter22')), 'refused', 'check the user and password'],
      [wrong((u) => (u.pathname = '/nowhere')), 'refused', 'create the database'],
      [wrong((u) => (u.port = '1')), 'unavailable', 'check that it runs'],
      [wrong((u) => (u.hostname = 'nowhere.invalid')), 'unavailable', 'check that it runs'],
    ] as const;
    for (const [attempt, kind, advice] of attempts) {
      const failure: unknown = await attempt().then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({
        name: 'SinkError',
        kind,
        message: expect.stringContaining(advice),
      });
      expect(String(failure)).not.toMatch(/hunter22/);
      expect(String(failure)).not.toContain(new URL(url).password);
    }
  });
});

describe('the migrated database', () => {
  let url: string;

  beforeAll(async () => {
    ({ url } = await emptyDatabase());
    await migrate({ url });
  });

  it('has a comment on every table, view and column that an analyst or operator meets', async () => {
    const silent = await select(
      url,
      `select c.relname, a.attname
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped
       where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> '_prisma_migrations'
         and col_description(c.oid, a.attnum) is null
       union all
       select c.relname, '(itself)'
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'analytics') and c.relkind in ('r', 'p', 'v')
         and c.relname <> '_prisma_migrations' and obj_description(c.oid, 'pg_class') is null`,
    );
    expect(silent).toEqual([]);
  });

  it.each([
    [
      'an unknown outcome',
      `insert into walks (stream_id, run_id, started_at, outcome) values (1, 'a', now(), 'fine')`,
    ],
    [
      'a complete flag without the outcome',
      `insert into walks (stream_id, run_id, started_at, complete) values (1, 'a', now(), true)`,
    ],
    [
      'an incomplete walk without a reason',
      `insert into walks (stream_id, run_id, started_at, finished_at, outcome) values (1, 'a', now(), now(), 'incomplete')`,
    ],
    [
      'counts that do not add up',
      `insert into walks (stream_id, run_id, started_at, entries_seen) values (1, 'a', now(), 1)`,
    ],
    [
      'two running walks of a stream',
      `insert into walks (stream_id, run_id, started_at) values (1, 'a', now()), (1, 'b', now())`,
    ],
    [
      'a walk of no stream',
      `insert into walks (stream_id, run_id, started_at) values (99, 'a', now())`,
    ],
    ['a stream deleted under its checkpoint', `delete from streams where id = 1`],
    [
      'a job stored twice',
      `insert into download_jobs (stream_id, entry_key, job_key, status, first_seen_at, last_seen_at, content_hash, raw)
      select 1, 'a', 'a', 'RUNNING', now(), now(), '', '{}' from generate_series(1, 2)`,
    ],
    [
      'a status change that changes nothing',
      `insert into job_status_changes (kind, stream_id, entry_key, job_key, from_status, to_status, observed_at) values ('k', 1, 'a', 'a', 'X', 'X', now())`,
    ],
  ])('refuses %s', async (_name, sql) => {
    const set = `
      begin;
      insert into streams (id, name, source, account, created_at) values (1, 'a', 's', 'x', now());
      insert into checkpoints (stream_id, partition, updated_at) values (1, '', now());`;
    await expect(select(url, `${set} ${sql}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^23/),
    });
  });
});
