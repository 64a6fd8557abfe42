import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../../src/sinks/postgres/migrate.ts';
import { migrationOf, readMigrationFolder } from '../../../src/sinks/postgres/migrations.ts';
import { openSchemaEngine } from '../../../src/sinks/postgres/schemaEngine.ts';
import { deliveryHistoryJobs } from '../../../src/sources/deliveryHistoryJobs.ts';
import { slsDownloadJobs } from '../../../src/sources/slsDownloadJobs.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { createDatabase, createEmptyDatabase } from '../../support/postgres.ts';

let migrated: TestDatabase;
let drawn: TestDatabase;

/** The statements that make what schema.prisma says, from nothing. */
async function scriptOf(url: string, content: string): Promise<string> {
  const open = await openSchemaEngine({ url, datamodel: content, epilogue: '' });
  try {
    const drawing = await open.engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return drawing.stdout ?? '';
  } finally {
    await open.close();
  }
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

beforeAll(async () => {
  migrated = await createDatabase();
  drawn = await createEmptyDatabase();
  await select(drawn.url, await scriptOf(drawn.url, readMigrationFolder().datamodel));
});

afterAll(async () => {
  await migrated.drop();
  await drawn.drop();
});

/** What Prisma's schema can say, from the catalogs. */
const facts = {
  'columns, types and nullability': `
    select
      table_name, column_name, udt_name, datetime_precision, is_nullable,
      is_identity = 'YES' or column_default like 'nextval%' as is_counted,
      case when is_identity = 'NO' and column_default not like 'nextval%'
        then regexp_replace(column_default, '::[a-z]+', '') end as default_value
    from information_schema.columns
    where table_schema = 'public' and table_name <> '_prisma_migrations'
    order by table_name, column_name`,
  'keys and indexes that cover every row': `
    select c.relname as table_name, i.indisunique, i.indisprimary, (
      select array_agg(a.attname::text order by k.n)
      from unnest(i.indkey) with ordinality as k(attnum, n)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    ) as columns
    from pg_index i
    join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relname <> '_prisma_migrations' and i.indpred is null
    order by 1, 4, 2, 3`,
  'foreign keys': `
    select conrelid::regclass::text as table_name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where contype = 'f'
    order by 1, 2`,
};

describe('the migrations and schema.prisma', () => {
  it.each(Object.entries(facts))('agree on %s', async (_name, sql) => {
    const expected = await select(drawn.url, sql);
    expect(expected.length).toBeGreaterThan(0);
    expect(await select(migrated.url, sql)).toEqual(expected);
  });
});

describe('the columns of a source', () => {
  const jobSources = [slsDownloadJobs, deliveryHistoryJobs];
  it.each(jobSources.map(({ table }) => [table.name, table] as const))(
    'stand in its table with the types it names: %s',
    async (_name, table) => {
      const rows = await select(
        migrated.url,
        `select column_name as name, data_type as type from information_schema.columns
       where table_schema = 'public' and table_name = '${table.name}'`,
      );
      const types = new Map(rows.map(({ name, type }) => [name, type]));
      const sqlTypes = { timestamptz: 'timestamp with time zone' } as const;
      for (const [name, { type }] of Object.entries(table.columns)) {
        const expected = type === 'timestamptz' ? sqlTypes[type] : type;
        expect([name, types.get(name)]).toEqual([name, expected]);
      }
    },
  );
});

describe('an analyst', () => {
  const asAnalyst = (sql: string) =>
    select(migrated.url, `begin; set local role logferry_analyst; ${sql}; rollback`);
  const readable = [
    ...[
      'streams',
      'walks',
      'download_jobs',
      'job_status_changes',
      'rejected_entries',
      'drift_reports',
      'project_logs',
      'delivery_history_jobs',
      'executions',
      'execution_logs',
    ],
    ...['analytics.download_jobs_current', 'analytics.job_durations', 'analytics.stream_health'],
    'analytics.project_logs_current',
    'analytics.delivery_history_jobs_current',
    ...['log_files', 'log_file_lines'],
    ...['analytics.log_files_current', 'analytics.log_lines_current'],
    ...['analytics.executions_current', 'analytics.execution_logs_current'],
    ...['download_files', 'download_rows', 'export_orders'],
    ...['analytics.export_files', 'analytics.export_rows', 'analytics.exports'],
  ];

  it.each(readable)('reads %s', async (name) => {
    await expect(asAnalyst(`select * from ${name}`)).resolves.not.toBeInstanceOf(Error);
  });

  it('reads nothing else: no checkpoint, budget, counter, migration or table to come', async () => {
    await select(migrated.url, 'create table later (x int)');
    const rows = await select(
      migrated.url,
      `select c.oid::regclass::text as name
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
         and case when c.relkind = 'S' then has_sequence_privilege('logferry_analyst', c.oid, 'usage,select,update')
           else has_table_privilege('logferry_analyst', c.oid, 'select') end`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual([...readable].sort());
    await expect(asAnalyst('select * from checkpoints')).rejects.toMatchObject({ code: '42501' });
  });

  it('writes nothing', async () => {
    const rows = await select(
      migrated.url,
      `select c.oid::regclass::text as name
       from pg_class c
       where c.relkind in ('r', 'p', 'v') and c.relnamespace in ('public'::regnamespace, 'analytics'::regnamespace)
         and has_table_privilege('logferry_analyst', c.oid, 'insert,update,delete,truncate,references,trigger')`,
    );
    expect(rows).toEqual([]);
    for (const sql of [
      'delete from walks',
      'create table mine (x int)',
      'call analytics.grant_analyst()',
    ]) {
      await expect(asAnalyst(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('sees in the views what the tables say', async () => {
    await select(
      migrated.url,
      `insert into streams (id, name, source, account, created_at) values (77, 's', 'x', 'prod', now());
       insert into walks (stream_id, run_id, started_at, finished_at, outcome, incomplete_reason)
         values (77, 'r', now(), now(), 'incomplete', 'list_moved');
       insert into download_jobs (
         stream_id, entry_key, job_key, name, status, created_at, settled_at, vanished_at,
         first_seen_at, last_seen_at, content_hash, raw
       ) values
         (77, 'a', 'a', 'a', 'SUCCEEDED', '2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z', null, now(), now(), '', '{}'),
         (77, 'b', 'b', 'b', 'RUNNING', null, null, now(), now(), now(), '', '{}')`,
    );
    const views = await select(
      migrated.url,
      `select
         (select array_agg(name) from analytics.download_jobs_current) as current,
         (select array_agg(name || ' ' || settled_after_s::int) from analytics.job_durations) as durations,
         (select array_agg(incomplete_walks || ' ' || last_walk_incomplete_reason) from analytics.stream_health) as health`,
    );
    expect(views).toEqual([{ current: ['a'], durations: ['a 90'], health: ['1 list_moved'] }]);
  });

  it('is no condition of migrating: without the right to create the role the rest is there', async () => {
    const admin = await createEmptyDatabase();
    const name = `weak_${process.pid}`;
    await select(
      admin.url,
      `create role ${name} login password 'weak'; grant all on schema public to ${name};
      grant all on database ${new URL(admin.url).pathname.slice(1)} to ${name}`,
    );
    const weak = new URL(admin.url);
    [weak.username, weak.password] = [name, 'weak'];
    // The role exists on this server; one that does not is what the procedure must survive.
    const folder = readMigrationFolder();
    const migrations = folder.migrations.map(({ name: at, sql }) =>
      migrationOf(at, sql.replaceAll('logferry_analyst', `analyst_${process.pid}`)),
    );
    expect(await migrate({ url: weak.toString(), folder: { ...folder, migrations } })).toHaveLength(
      migrations.length,
    );
    expect(
      await select(admin.url, 'select count(*)::int as n from analytics.stream_health'),
    ).toEqual([{ n: 0 }]);
    await select(admin.url, `create role analyst_${process.pid}`);
    await select(weak.toString(), 'call analytics.grant_analyst()');
    await expect(
      select(
        admin.url,
        `begin; set local role analyst_${process.pid}; select * from analytics.stream_health; rollback`,
      ),
    ).resolves.not.toBeInstanceOf(Error);
    await admin.drop();
  });
});
