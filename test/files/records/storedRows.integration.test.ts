import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { read } from '../exported.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** How many of these texts the database takes as JSON objects. @throws its refusal of any of them */
async function takenOf(contents: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ taken: number }>(
    `select count(*)::int as taken from unnest($1::text[]) as content
     where jsonb_typeof(content::jsonb) = 'object'`,
    [contents],
  );
  return rows[0]?.taken ?? 0;
}

const piece = fc.constantFrom(
  ...[
    '\\u0000',
    '\\ud800',
    '\\uDC00',
    '\\uD83D\\uDE00',
    '\\ud83d\\ud83d\\ude00',
    '\\\\u0000',
    '\\"',
  ],
  ...[
    '?',
    '\\u003F',
    'Signature=x',
    '\\u0026',
    '\u0000',
    '\u0001',
    '\t',
    '\u{10FFFF}',
    '\u007F',
    '"',
    ',',
  ],
);
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => `"${pieces.join('')}"`);
const number = fc.constantFrom(
  ...[
    '-0',
    '1e400',
    '1E5000',
    '-1e+99999',
    '1e-99999',
    '12345678901234567890',
    '0.1e999',
    '1e999999999999',
  ],
  ...['9'.repeat(1_001), '9'.repeat(140_000), `${'9'.repeat(999)}e999`, `0.${'0'.repeat(20_000)}1`],
);
const value = fc.oneof(text, number, fc.constantFrom('[]', 'null', '[{"":1}]'));
const jsonLine = fc
  .array(fc.tuple(text, value), { maxLength: 4 })
  .map((fields) => `{${fields.map(([name, of]) => `${name}:${of}`).join(',')}}`);
const csvLine = fc.array(text, { maxLength: 4 }).map((cells) => cells.join(','));

describe('a row that was read', () => {
  it.each([
    ['json', jsonLine, ''],
    ['csv', csvLine, 'a,a,"b\u0000"\n'],
  ] as const)(
    'can be stored, whatever was in its %s file: one that cannot would hold up all of them',
    async (format, line, header) => {
      await fc.assert(
        fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
          const { rows } = await read(`${header}${lines.join('\n')}\n`, { format });
          expect(await takenOf(rows.map(({ content }) => content))).toBe(rows.length);
        }),
        { interruptAfterTimeLimit: 4_000, numRuns: 200 },
      );
    },
  );

  it('could be refused, and that is noticed here', async () => {
    await expect(takenOf(['{"a":1}', '{"a":"\\u0000"}'])).rejects.toThrow('unsupported Unicode');
    await expect(takenOf(['{"a":1e200000}'])).rejects.toThrow('numeric');
  });
});
