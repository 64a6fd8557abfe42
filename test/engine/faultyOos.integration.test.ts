import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import { createHttpClient, type HttpClient } from '../../src/http/client.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { everyFault, type FaultOptions } from '../../src/simulator/faults.ts';
import type { ExecutionSpec } from '../../src/simulator/oos/execution.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { excess, loggedTruth, storedLogs } from '../support/oos.ts';
import { openTestSink } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';
import { engineDeps, fakeClock, walkDeps } from './engineKit.ts';
import { runbooksStream } from './oosKit.ts';

const never = new AbortController().signal;
const attemptsMax = 60;
const startMs = Date.parse('2026-11-22T13:00:00Z');

let http: HttpClient;
beforeAll(() => {
  http = createHttpClient({ bodyIdleTimeoutMs: 2_000 });
});
afterAll(() => http.close());

/** Twins by the dozen: entries of few messages, all of few seconds. */
function busyExecution(id: string, seed: number): ExecutionSpec {
  const logs = Array.from({ length: 32 }, (_, n) => ({
    atMs: startMs - 60_000 + Math.floor((n * (seed + 3)) / 7) * 1_000,
    taskExecutionId: `${id}.t${(n * seed) % 2}`,
    logType: 'System',
    message: `Step ${(n * (seed + 1)) % 4}`,
  }));
  return { id, startedAtMs: startMs - 60_000, runMs: 300_000, logs };
}

async function openWorld(seed: number) {
  const clock = fakeClock(startMs);
  const cloud = await startSimulator({
    seed,
    accounts: [SCENARIO_ACCOUNT],
    region: 'cn-hangzhou',
    projects: {},
    oos: {
      order: seed % 2 === 0 ? 'newest-first' : 'oldest-first',
      logsPerPageMax: 5 + (seed % 4),
      executions: ['exec-a', 'exec-b', 'exec-c'].map((id, n) => busyExecution(id, seed + n)),
    },
    nowMs: () => clock.nowMs(),
  });
  const account = accountSchema.parse({
    provider: 'aliyun',
    region: 'cn-hangzhou',
    credentials: { type: 'access_key', ...SCENARIO_ACCOUNT },
    endpoints: { oos: cloud.url },
  });
  let nonce = 0;
  const nowMs = () => clock.nowMs();
  const api = createAccountApi('prod', account, {
    ...{ http, nowMs, nonce: () => String(nonce++), random: () => 0.5 },
  });
  const store = await openTestSink();
  const stream = await runbooksStream(store.sink, api, { discover: {} });
  const deps = walkDeps(engineDeps(store.sink, { clock }));
  let runs = 0;
  /** One walk, tried again after every failure as the queue would, from its checkpoint. */
  const walk = async (): Promise<WalkResult> => {
    const runId = `run-${runs++}`;
    for (let number = 1; ; number++) {
      try {
        const run = { stream, runId, attempt: { number, of: attemptsMax } };
        const result = await walkStream(deps, run, never);
        if (result.kind !== 'paused') return result;
        clock.advance(Math.max(0, result.resumeAtMs - clock.nowMs()));
      } catch (error) {
        // The queue would not try a refusal again; here every token may be refused by a fault.
        if (!(error instanceof SourceError) || number >= attemptsMax) throw error;
        clock.advance(1_000);
      }
    }
  };
  const close = async () => {
    await cloud.close();
    await store.drop();
  };
  return { cloud, clock, store, walk, close };
}

/** Faults that leave what an entry says as it is; megabytes and waiting are for other tests. */
function faultsOf(share: number): FaultOptions {
  const still = { when: 0, delayMs: 0 };
  return {
    ...everyFault(share),
    // Each one ends the attempt: the list is then read from its beginning.
    repeatToken: 0.005,
    // Bounded: what grows with every request is never read to its end.
    insertJobs: { when: { at: Array.from({ length: 40 }, (_, n) => 3 * n) }, jobs: 2 },
    ...{ absentFields: 0, wrongTypes: 0, nulCharacters: 0, loneSurrogates: 0, hugeStrings: 0 },
    ...{ delay: still, trickle: { when: 0, durationMs: 0 } },
  };
}

describe('reading execution logs through a faulty cloud, on real HTTP and PostgreSQL', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'stores every entry once, twins counted, never one too many, and closes what has ended (faults %i)',
    async (round) => {
      const world = await openWorld(round);
      const { cloud, clock, store, walk } = world;
      try {
        cloud.setFaults(faultsOf(0.008 * round));
        let complete = 0;
        for (let tick = 0; tick < 4; tick += 1) {
          const before = loggedTruth(cloud);
          const result = await walk();
          const stored = await storedLogs(store.url);
          expect(excess(stored, loggedTruth(cloud))).toEqual([]);
          if (result.kind === 'complete') {
            complete += 1;
            expect(excess(before, stored)).toEqual([]);
          }
          clock.advance(60_000);
        }
        // The executions end; their lists stand still. A faulty cloud may still cost some walks.
        clock.advance(300_000);
        for (let tick = 0; tick < 5; tick += 1) {
          await walk();
          clock.advance(60_000);
        }
        expect(await storedLogs(store.url)).toEqual(loggedTruth(cloud));
        const closed = await rows<{ id: string; status: string }>(
          store.url,
          `select execution_id as id, status from executions where closed_at is not null order by 1`,
        );
        expect(closed.map(({ id, status }) => [id, status])).toEqual(
          ['exec-a', 'exec-b', 'exec-c'].map((id) => [id, 'SUCCESS']),
        );
        expect(complete).toBeGreaterThan(0);
      } finally {
        await world.close();
      }
    },
  );

  it('stores what is damaged without losing a row, and no link', async () => {
    const world = await openWorld(7);
    try {
      world.cloud.setFaults({
        ...{ unknownFields: 0.3, absentFields: 0.3, wrongTypes: 0.3, nulCharacters: 0.3 },
        ...{ loneSurrogates: 0.3, hugeStrings: 0.1, unknownStatus: 0.5, lowerCaseStatus: 0.5 },
      });
      expect(await world.walk()).toMatchObject({ kind: 'complete' });
      const [count] = await rows<{ n: string }>(
        world.store.url,
        'select count(*) as n from execution_logs',
      );
      expect(Number(count?.n)).toBe(loggedTruth(world.cloud).length);
      const leaked = await rows(
        world.store.url,
        `select 1 from execution_logs l where to_jsonb(l)::text like '%Signature=secret%'`,
      );
      expect(leaked).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
