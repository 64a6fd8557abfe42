import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { textOf } from './deploymentKit.ts';

const queriesOf = (document: string): readonly string[] =>
  [...textOf(document).matchAll(/```sql\n([^]*?)```/g)].map((match) => match[1] ?? '');

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('set role logferry_analyst');
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

describe('the queries of the documents', () => {
  it.each(
    ['docs/queries.md', 'docs/operations.md'].flatMap((document) =>
      queriesOf(document).map((sql, index) => ({ document, number: index + 1, sql })),
    ),
  )('run for an analyst: $document, number $number', async ({ sql }) => {
    await expect(client.query(sql)).resolves.toMatchObject({ command: 'SELECT' });
  });

  it('are many', () => {
    expect(queriesOf('docs/queries.md').length).toBeGreaterThan(10);
  });
});
