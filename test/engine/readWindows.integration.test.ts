import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { LogRow } from '../../src/simulator/sls/logs.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { openTestSink, type TestSink } from '../support/postgres.ts';
import { logStream, noonS, openLogCloud, textOf, truthOf, walkLogs } from './logCloud.ts';

let store: TestSink;
let sink: Sink;
beforeAll(async () => {
  store = await openTestSink({ max: 12 });
  sink = store.sink;
});
afterAll(() => store.drop());

async function storedRows(streamId: string): Promise<readonly string[]> {
  const { rows } = await store.pool.query<{ content: object }>(
    `select content from project_logs where stream_id = $1`,
    [streamId],
  );
  return rows.map(({ content }) => textOf(content)).sort();
}

/** Rows of the ten minutes before noon; a few kinds only, so that twins are common. */
const rowsBeforeNoon = fc.array(
  fc.record({
    timeS: fc.integer({ min: noonS - 600, max: noonS - 1 }),
    lateS: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 100 })),
    level: fc.constantFrom('ERROR', 'INFO'),
    message: fc.constantFrom('a', "it's", 'ß\\n"', 'tab\there'),
  }),
  { maxLength: 40 },
);

function logRows(
  given: readonly { timeS: number; lateS: number; level: string; message: string }[],
): LogRow[] {
  return given.map(({ timeS, lateS, level, message }) => ({
    timeS,
    arrivedAtMs: (timeS + lateS) * 1_000,
    fields: { __source__: '10.0.0.1', __topic__: 'app', level, message },
  }));
}

const struck = [
  ...['throttle', 'internalServerError', 'emptyServerError', 'serverBusy', 'badGateway'],
  ...['reset', 'cutBody', 'notJson', 'hugeHeaders'],
];

describe('a walk over logs', () => {
  it('stores every row exactly once, twins and late ones too, whatever answers are incomplete, cut, refused or split', async () => {
    await fc.assert(
      fc.asyncProperty(
        rowsBeforeNoon,
        fc.record({
          seed: fc.integer({ min: 1, max: 1_000_000 }),
          limit: fc.constantFrom(8, 1_000),
          scanRowsMax: fc.constantFrom(5, 1_000),
          incompleteShare: fc.constantFrom(0, 0.3),
          headerAbsentShare: fc.constantFrom(0, 0.2),
          faults: fc.constantFrom(0, 0.02),
        }),
        async (given, world) => {
          const rows = logRows(given);
          const { seed, limit, faults, ...completeness } = world;
          const logs = await openLogCloud({ rows, ...completeness }, { seed });
          try {
            logs.cloud.setFaults(Object.fromEntries(struck.map((name) => [name, faults])));
            const stream = await logStream(sink, logs.api, { limit });
            logs.clock.advance(-300_000);
            await walkLogs({ ...logs, sink, stream });
            for (let walk = 0; walk < 3; walk += 1) {
              logs.clock.advance(130_000);
              await walkLogs({ ...logs, sink, stream });
            }
            logs.cloud.setFaults({});
            logs.cloud.logs(SCENARIO_PROJECT, 'app_log').setCompleteness({});
            logs.clock.advance(2 * 86_400_000);
            await walkLogs({ ...logs, sink, stream });
            // More than `limit` twins of one second cannot be had by any query.
            const kept = await storedRows(stream.streamId);
            const perSecond = new Map<number, number>();
            for (const { timeS } of rows) perSecond.set(timeS, (perSecond.get(timeS) ?? 0) + 1);
            const truth = truthOf(rows);
            if (Math.max(0, ...perSecond.values()) < limit) expect(kept).toEqual(truth);
            else expect(truth).toEqual(expect.arrayContaining([...kept]));
          } finally {
            await logs.close();
          }
        },
      ),
      { numRuns: 3 },
    );
  }, 180_000);
});
