import { describe, expect, it } from '@jest/globals';
import {
  SCENARIO_ACCOUNT,
  SCENARIO_PROJECT,
  bulkExportsScenario,
  bulkScenario,
  demoScenario,
} from '../../src/simulator/scenario.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { ListBody } from './world.ts';
import { START_MS, closeAfterEach, listBody, startWorld } from './world.ts';

closeAfterEach();

const key = { id: SCENARIO_ACCOUNT.accessKeyId, secret: SCENARIO_ACCOUNT.accessKeySecret };

describe('the demo scenario', () => {
  async function at(offsetsMs: readonly number[]): Promise<ListBody[]> {
    const { ask, clock } = await startWorld(demoScenario({ nowMs: START_MS }));
    const bodies: ListBody[] = [];
    for (const offsetMs of offsetsMs) {
      clock.nowMs = START_MS + offsetMs;
      const query = { size: '100' };
      bodies.push(
        listBody(await ask({ path: '/downloadjobs', project: SCENARIO_PROJECT, query, key })),
      );
    }
    return bodies;
  }
  const countOf = (body: ListBody, ...statuses: readonly string[]): number =>
    body.results.filter((row) => statuses.includes(row.status)).length;

  it('begins with a dozen jobs at every stage', async () => {
    const [start] = await at([0]);
    const stages = ['STARTING', 'RUNNING', 'SUCCEEDED', 'ERROR'].map((status) =>
      countOf(start!, status),
    );
    expect([start!.total, stages]).toEqual([12, [1, 5, 5, 1]]);
  });

  it('keeps something to see for 25 seconds, and is over then: 14 SUCCEEDED, 2 in ERROR', async () => {
    const bodies = await at([4000, 8000, 12_000, 16_000, 20_000, 24_999, 25_000]);
    const open = bodies.map((body) => countOf(body, 'STARTING', 'RUNNING'));
    expect(open.slice(0, -1).every((count) => count > 0)).toBe(true);
    const last = bodies.at(-1)!;
    expect([last.total, countOf(last, 'SUCCEEDED'), countOf(last, 'ERROR')]).toEqual([16, 14, 2]);
  });

  it('has a real file for every job that SUCCEEDED: all compressions, both formats, some hundred to some thousand rows', async () => {
    const { simulator, clock } = await startWorld(demoScenario({ nowMs: START_MS }));
    clock.nowMs += 25_000;
    const truth = simulator.project(SCENARIO_PROJECT);
    const over = truth.jobs().filter(({ status }) => status === 'SUCCEEDED');
    const rows = over.map(({ name }) => truth.file(name)?.rows.length ?? 0);
    expect([Math.min(...rows) >= 400, Math.max(...rows) <= 5000]).toEqual([true, true]);
    expect(over.map(({ executionDetails }) => executionDetails.logCount)).toEqual(rows);
    const sinks = over.map(({ configuration }) => configuration.sink);
    expect(new Set(sinks.map(({ compressionType }) => compressionType)).size).toBe(4);
    expect(new Set(sinks.map(({ contentType }) => contentType)).size).toBe(2);
  });

  it('goes on moving with churn, by the clock, deleting only what is over', async () => {
    const churn = { createsPerSecond: 1, deletesPerSecond: 0.5 };
    const { simulator, clock } = await startWorld(demoScenario({ nowMs: START_MS, churn }));
    const truth = simulator.project(SCENARIO_PROJECT);
    for (let second = 0; second < 60; second += 1) {
      clock.nowMs += 1000;
      truth.jobs();
    }
    const removed = truth.history().filter((life) => life.removedAtMs !== null);
    expect([truth.jobs().length, removed.length]).toEqual([16 + 60 - 30, 30]);
    expect(
      removed.every(
        ({ job, removedAtMs }) => removedAtMs! >= job.createdAtMs + job.startMs + job.runMs,
      ),
    ).toBe(true);
  });
});

describe('the bulk scenario', () => {
  it('has exactly so many jobs, each under its own name, all over', async () => {
    const simulator = await startSimulator({
      ...bulkScenario({ count: 3000, nowMs: START_MS }),
      nowMs: () => START_MS,
    });
    const jobs = simulator.project(SCENARIO_PROJECT).jobs();
    await simulator.close();
    expect([jobs.length, new Set(jobs.map(({ name }) => name)).size]).toEqual([3000, 3000]);
    expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED', 'ERROR']));
  });
});

describe('the scenario of exports', () => {
  it('has exactly so many finished jobs, each with a file of so many rows, in the format that is asked for', async () => {
    const format = { contentType: 'csv', compressionType: 'zstd' } as const;
    const { simulator } = await startWorld(
      bulkExportsScenario({ count: 5, rows: 70, ...format, nowMs: START_MS }),
    );
    const truth = simulator.project(SCENARIO_PROJECT);
    const jobs = truth.jobs();
    expect(jobs.map(({ name }) => truth.file(name)?.rows.length)).toEqual([70, 70, 70, 70, 70]);
    expect(jobs.every(({ status }) => status === 'SUCCEEDED')).toBe(true);
    expect(jobs.map(({ configuration }) => configuration.sink)).toEqual(
      jobs.map(() => expect.objectContaining(format)),
    );
  });

  it('has every format there is among eight jobs, when none is asked for', async () => {
    const { simulator } = await startWorld(bulkExportsScenario({ count: 8, nowMs: START_MS }));
    const formats = simulator
      .project(SCENARIO_PROJECT)
      .jobs()
      .map(({ configuration: { sink } }) => `${sink.contentType}.${sink.compressionType}`);
    expect(new Set(formats).size).toBe(8);
  });

  it('can give every file an ETag that nobody knows', async () => {
    const world = { count: 1, unknownEtags: true, nowMs: START_MS };
    const { simulator } = await startWorld(bulkExportsScenario(world));
    const [job] = simulator.project(SCENARIO_PROJECT).jobs();
    expect(job?.executionDetails.checkSum).toBe('EXPORT-1');
  });
});
