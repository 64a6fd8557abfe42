import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TestSink } from '../../support/postgres.ts';
import { openTestSink } from '../../support/postgres.ts';
import { entryTablesSql } from '../contract/entriesKit.ts';
import { memoryUnderTest } from '../contract/memoryUnderTest.ts';
import { postgresUnderTest } from '../contract/postgresUnderTest.ts';
import { play, steps } from '../contract/properties.ts';
import { sinkContract } from '../sinkContract.ts';

let database: TestSink;

beforeAll(async () => {
  database = await openTestSink();
  await database.pool.query(entryTablesSql);
});

afterAll(async () => {
  await database.drop();
});

sinkContract('the Postgres sink', () => postgresUnderTest(database.sink, database.pool));

describe('the two sinks', () => {
  it('answer and store the same, whatever walkers and trackers do', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const postgres = await play(postgresUnderTest(database.sink, database.pool), given);
        const memory = await play(memoryUnderTest(), given);
        expect(postgres.outcomes).toEqual(memory.outcomes);
        expect(postgres.final).toEqual(memory.final);
      }),
      { numRuns: 60 },
    );
  });
});
