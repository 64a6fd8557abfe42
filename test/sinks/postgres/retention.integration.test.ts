import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestSink } from '../../support/postgres.ts';
import { openTestSink } from '../../support/postgres.ts';
import { append, batch, entryTablesSql, logged, monthly, store } from '../contract/entriesKit.ts';
import { begin, newStream } from '../contract/harness.ts';

const nowMs = Date.UTC(2026, 10, 23);
const dayMs = 86_400_000;
const months = [Date.UTC(2026, 7, 5), Date.UTC(2026, 8, 5), Date.UTC(2026, 9, 30), nowMs];

let database: TestSink;
beforeAll(async () => {
  database = await openTestSink();
  await database.pool.query(entryTablesSql);
});
afterAll(() => database.drop());

async function streamWithRows(): Promise<string> {
  const streamId = await newStream(database.sink);
  const { walk } = await begin(database.sink, { streamId, runId: `run of ${streamId}` });
  const rows = months.map((loggedAtMs, index) => logged(index, loggedAtMs));
  await store(database.sink, append(walk, [batch(rows)], { table: monthly }));
  return streamId;
}

async function partitions(): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'partitions'::regnamespace and relname like 'test_months_2%' and relkind = 'r'
     order by 1`,
  );
  return rows.map(({ name }) => name.replace('test_months_', ''));
}

async function daysOf(streamId: string): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ at: Date }>(
    `select logged_at as at from test_months where stream_id = $1 order by 1`,
    [streamId],
  );
  return rows.map(({ at }) => at.toISOString().slice(0, 10));
}

describe('the upkeep of months', () => {
  it('makes the months to come, drops those that every stream is past, and deletes row by row what others keep', async () => {
    const short = await streamWithRows();
    const long = await streamWithRows();
    const retentionMs = new Map([
      [short, 10 * dayMs],
      [long, 70 * dayMs],
    ]);
    const done = await database.sink.keepMonths({ table: monthly, nowMs, retentionMs });
    expect(done).toEqual({ dropped: 1, deleted: 3 });
    expect(await partitions()).toEqual(['2026_09', '2026_10', '2026_11', '2026_12', '2027_01']);
    expect(await daysOf(short)).toEqual(['2026-11-23']);
    expect(await daysOf(long)).toEqual(['2026-10-30', '2026-11-23']);
  });

  it('keeps every row of a stream without retention, and a month that it has rows in', async () => {
    const kept = await streamWithRows();
    const short = await streamWithRows();
    const retentionMs = new Map([[short, dayMs]]);
    const done = await database.sink.keepMonths({ table: monthly, nowMs, retentionMs });
    expect(done).toEqual({ dropped: 0, deleted: 3 });
    expect(await daysOf(kept)).toHaveLength(4);
    expect(await daysOf(short)).toEqual(['2026-11-23']);
  });

  it('moves rows that came before their month into it once the month is made', async () => {
    await database.pool.query(
      `insert into test_months (stream_id, entry_key, logged_at, first_seen_at, content)
       values (1, gen_random_uuid(), '2030-05-05Z', now(), '{}')`,
    );
    await database.sink.keepMonths({ table: monthly, nowMs, retentionMs: new Map() });
    expect(await partitions()).toContain('2030_05');
    const { rowCount } = await database.pool.query('select from partitions.test_months_default');
    expect(rowCount).toBe(0);
  });
});
