import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPool } from '../../../src/sinks/postgres/pool.ts';
import { openPostgresSink } from '../../../src/sinks/postgres/sink.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import type { TestSink } from '../../support/postgres.ts';
import { openTestSink } from '../../support/postgres.ts';
import { begin, entry, newStream, page, store, table, terminal } from '../contract/harness.ts';
import { postgresUnderTest } from '../contract/postgresUnderTest.ts';

let database: TestSink;

beforeAll(async () => {
  database = await openTestSink();
});

afterAll(async () => {
  await database.drop();
});

async function contentsOf(streamId: string) {
  const under = postgresUnderTest(database.sink, database.pool);
  const counters = await database.pool.query(
    `select c.version, c.state, w.pages, w.entries_seen
     from checkpoints c join walks w on w.stream_id = c.stream_id
     where c.stream_id = $1`,
    [streamId],
  );
  return [
    await under.jobs(streamId),
    await under.changes(streamId),
    await under.rejected(streamId),
    await under.drift(streamId),
    counters.rows,
  ];
}

describe('a page that fails half-way', () => {
  const parts = [
    'download_jobs',
    'job_status_changes',
    'rejected_entries',
    'drift_reports',
    'walks',
  ];

  it.each(parts)(
    'leaves nothing behind when writing %s fails, and goes in when tried again',
    async (part) => {
      const { sink, pool } = database;
      const streamId = await newStream(sink);
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      const first = await store(
        sink,
        page(walk, { entries: [entry('a', 'RUNNING'), entry('b', 'RUNNING')], state: 1 }),
      );
      const before = await contentsOf(streamId);

      await pool.query(`
      create or replace function fail() returns trigger language plpgsql as $$ begin raise 'injected'; end $$;
      create trigger fail after insert or update on ${part} for each statement execute function fail()`);
      const next = page(first.walk, {
        entries: [entry('a', 'SUCCEEDED'), entry('b', 'RUNNING'), entry('c', 'RUNNING')],
        rejected: [{ reason: 'no name', raw: {} }],
        drift: [{ path: 'x', kind: 'unknown_field', sample: 's' }],
        state: 2,
      });
      await expect(sink.appendJobs(next)).rejects.toMatchObject({
        name: 'SinkError',
        message: expect.stringContaining('injected'),
      });
      await pool.query(`drop trigger fail on ${part}`);
      expect(await contentsOf(streamId)).toEqual(before);

      await expect(store(sink, next)).resolves.toMatchObject({
        inserted: 1,
        updated: 1,
        duplicates: 1,
      });
    },
  );

  it('leaves nothing behind when the connection is cut in the middle', async () => {
    const { sink, pool } = database;
    const streamId = await newStream(sink);
    const { walk } = await begin(sink, { streamId, runId: 'r' });
    const before = await contentsOf(streamId);
    await pool.query(`
      create or replace function hang() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return null; end $$;
      create trigger hang after insert on job_status_changes for each statement execute function hang()`);
    const hanging = sink.appendJobs(page(walk, { entries: [entry('a', 'RUNNING')] }));
    const cut = expect(hanging).rejects.toMatchObject({ name: 'SinkError', kind: 'unavailable' });
    const victim = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event = 'PgSleep'`;
    while ((await pool.query(victim)).rowCount === 0);
    await cut;
    await pool.query('drop trigger hang on job_status_changes');
    expect(await contentsOf(streamId)).toEqual(before);
    await expect(
      store(sink, page(walk, { entries: [entry('a', 'RUNNING')] })),
    ).resolves.toBeDefined();
  });
});

describe('two walkers of one stream at the same instant', () => {
  it('cannot both store: of pages on the same checkpoint one is stored, whole', async () => {
    const { sink } = database;
    const streamId = await newStream(sink);
    const { walk } = await begin(sink, { streamId, runId: 'r' });
    const pages = ['a', 'b', 'c', 'd'].map((key) =>
      page(walk, { entries: [entry(key, 'RUNNING')] }),
    );
    const outcomes = await Promise.all(pages.map((given) => sink.appendJobs(given)));
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
    expect((await contentsOf(streamId))[0]).toHaveLength(1);
  });

  it('claim it one after the other: one walk runs', async () => {
    const { sink } = database;
    const streamId = await newStream(sink);
    const runs = ['r1', 'r2', 'r3', 'r4'].map((runId) => begin(sink, { streamId, runId }));
    const begun = await Promise.all(runs);
    const versions = begun.map(({ walk }) => walk.version);
    expect(new Set(versions).size).toBe(4);
    const outcomes = await Promise.all(begun.map(({ walk }) => sink.appendJobs(page(walk))));
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
  });

  it('and the tracker of its jobs never wait for each other in a circle', async () => {
    const { sink } = database;
    const streamId = await newStream(sink);
    const keys = Array.from({ length: 40 }, (_, n) => `k${n}`);
    let { walk } = await begin(sink, { streamId, runId: 'r' });
    const drift = (path: string) => ({ path, kind: 'unknown_field', sample: 's' }) as const;
    const [p, q] = [drift('p'), drift('q')];
    ({ walk } = await store(
      sink,
      page(walk, { entries: keys.map((key) => entry(key, 'RUNNING')) }),
    ));
    const walking = (async () => {
      for (let n = 0; n < 10; n += 1) {
        const shuffled = n % 2 === 0 ? keys : [...keys].reverse();
        const entries = shuffled.map((key) => entry(key, 'RUNNING', { raw: { n } }));
        ({ walk } = await store(sink, page(walk, { entries, drift: [p, q] })));
      }
    })();
    const tracking = keys.map(async (key, n) =>
      sink.recordJob({
        ...{ table, terminal, streamId, expectedStatus: 'RUNNING', nowMs: 20_000 },
        ...{ entry: entry(key, 'SUCCEEDED'), drift: n % 2 === 0 ? [p, q] : [q, p] },
      }),
    );
    const recorded = await Promise.all(tracking);
    await walking;
    expect(new Set(recorded.map(({ kind }) => kind))).toEqual(new Set(['recorded']));
  });
});

describe('a sink whose database is away', () => {
  const calls: readonly (readonly [string, (sink: Sink) => Promise<unknown>])[] = [
    ['ping', (sink) => sink.ping()],
    [
      'registerStreams',
      (sink) => sink.registerStreams([{ name: 'a', source: 's', account: 'x' }], 1),
    ],
    ['beginWalk', (sink) => sink.beginWalk({ streamId: '1', runId: 'r', nowMs: 1 })],
    ['budgetOf', (sink) => sink.budgetOf({ account: 'a', api: 'b' })],
    ['streamStatuses', (sink) => sink.streamStatuses({ tables: new Map() })],
    ['beat', (sink) => sink.beat('a', 1)],
    ['openJobs', (sink) => sink.openJobs({ table, streamId: '1', afterId: '0', limit: 1 })],
  ];

  async function failureOf(change: (url: URL) => void, call: (sink: Sink) => Promise<unknown>) {
    const url = new URL(database.url);
    change(url);
    const pool = openPool(url.toString(), { max: 1, onIdleError: () => undefined });
    const sink = openPostgresSink({ pool, url: url.toString() });
    try {
      return await call(sink).then(
        () => null,
        (error: unknown) => error,
      );
    } finally {
      await sink.close();
      await pool.end();
    }
  }

  it.each(calls)('says so in one line from %s: where, and what to do', async (_name, call) => {
    expect(await failureOf((url) => (url.port = '1'), call)).toMatchObject({
      name: 'SinkError',
      kind: 'unavailable',
      message: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:1\/test_.*; check that it runs/),
    });
  });

  it.each(calls)(
    'names a wrong password a refusal from %s, and never prints it',
    async (_name, call) => {
      const failure = await failureOf((url) => (url.password = 'hunter22'), call);
      expect(failure).toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('check the user and password'),
      });
      expect(String(failure)).not.toContain('hunter22');
    },
  );

  it.each(calls.slice(1))(
    'tells to migrate a database without tables from %s',
    async (_name, call) => {
      expect(await failureOf((url) => (url.pathname = '/template1'), call)).toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('run: logferry migrate'),
      });
    },
  );

  it('survives the death of its idle connections, and connects anew', async () => {
    let deaths = 0;
    const pool = openPool(database.url, { max: 3, onIdleError: () => (deaths += 1) });
    const sink = openPostgresSink({ pool, url: database.url });
    await Promise.all([sink.ping(), sink.ping(), sink.beat('x', 1)]);
    const idle = pool.idleCount;
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'logferry' and pid <> pg_backend_pid() and state = 'idle'`,
    );
    while (deaths < idle) await new Promise((resolve) => setTimeout(resolve, 10));
    await expect(sink.ping()).resolves.toBeUndefined();
    await sink.close();
    await pool.end();
  });
});
