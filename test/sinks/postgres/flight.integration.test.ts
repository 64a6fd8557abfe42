import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { inOneFlight } from '../../../src/sinks/postgres/flight.ts';
import type { TestSink } from '../../support/postgres.ts';
import { openTestSink } from '../../support/postgres.ts';

let database: TestSink;
let client: pg.PoolClient;

beforeAll(async () => {
  database = await openTestSink({ max: 1 });
  client = await database.pool.connect();
  await client.query('create table flown (id int primary key, word text)');
});
beforeEach(() => client.query('truncate flown'));
afterAll(async () => {
  client.release();
  await database.drop();
});

const copy = 'copy flown (id, word) from stdin';
const insert = (id: number) => ({ text: 'insert into flown values ($1, $2)', values: [id, 'x'] });
const stored = async (): Promise<unknown> =>
  (await client.query<{ all: unknown }>(`select json_agg(id order by id) as all from flown`))
    .rows[0]?.all;

describe('steps in one flight', () => {
  it('run in order, and each is answered with its own rows and count', async () => {
    const results = await inOneFlight(client, [
      { text: 'begin' },
      { text: copy, lines: ['1\ta\n2\t\\N\n3\tc\n'] },
      { text: 'update flown set word = $1 where id > $2', values: ['z', 1] },
      { text: 'select id, word, word is null as gone, null as none from flown order by id' },
      {
        text: 'select $1::timestamptz = $2 as same',
        values: [new Date(1_500), '1970-01-01 00:00:01.5Z'],
      },
      { text: 'commit' },
    ]);
    expect(results).toEqual([
      { rowCount: 0, rows: [] },
      { rowCount: 3, rows: [] },
      { rowCount: 2, rows: [] },
      {
        rowCount: 3,
        rows: [
          { id: '1', word: 'a', gone: 'f', none: null },
          { id: '2', word: 'z', gone: 'f', none: null },
          { id: '3', word: 'z', gone: 'f', none: null },
        ],
      },
      { rowCount: 1, rows: [{ same: 't' }] },
      { rowCount: 0, rows: [] },
    ]);
  });

  it.each([
    ['a statement', [{ text: 'insert into flown values (1 / 0)' }]],
    [
      'a COPY that is refused',
      [{ text: 'copy nowhere from stdin', lines: ['1\ta\n'.repeat(50_000)] }],
    ],
    ['a COPY that meets a bad line', [{ text: copy, lines: [`bad\n${'1\ta\n'.repeat(50_000)}`] }]],
    ['a COPY that meets a bad line at its end', [{ text: copy, lines: ['7\ta\nbad\ta\n'] }]],
    ['a COPY of a row that is there', [{ text: copy, lines: ['7\ta\n1\ta\n'] }]],
  ])('leave nothing of the rest behind, commit included, when %s fails', async (_what, failing) => {
    const flight = inOneFlight(client, [
      { text: 'begin' },
      insert(1),
      ...failing,
      insert(2),
      { text: copy, lines: ['3\ta\n'] },
      { text: 'commit' },
    ]);
    await expect(flight).rejects.toMatchObject({ name: 'error', severity: 'ERROR' });
    await client.query('rollback');
    expect(await stored()).toBeNull();
    await inOneFlight(client, [insert(4)]);
    expect(await stored()).toEqual([4]);
  });

  it('carry megabytes, and every character that a text may hold', async () => {
    const word = '\u{1F600}é\u0001 '.repeat(200_000);
    await inOneFlight(client, [
      { text: copy, lines: [`1\t${word}\n`] },
      { text: 'insert into flown values ($1, $2)', values: [2, word] },
    ]);
    const { rows } = await client.query<{ same: boolean }>('select word = $1 as same from flown', [
      word,
    ]);
    expect(rows).toEqual([{ same: true }, { same: true }]);
  });

  it('carry lines of every length in their order, wherever a message is full', async () => {
    const words = Array.from({ length: 3_000 }, (_, index) =>
      ['a', 'é', '单', '\u{1F600}'].map((sign) => sign.repeat((index * 7) % 311)).join(''),
    );
    words.push('单'.repeat(50_000), 'x'.repeat(70_000), '');
    const lines = words.map((word, index) => `${index}\t${word}\n`);
    const [copied] = await inOneFlight(client, [{ text: copy, lines }]);
    const { rows } = await client.query<{ word: string }>('select word from flown order by id');
    expect([copied?.rowCount, rows.map(({ word }) => word)]).toEqual([words.length, words]);
  });
});
