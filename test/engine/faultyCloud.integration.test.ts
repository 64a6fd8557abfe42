import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import { createHttpClient, type HttpClient } from '../../src/http/client.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { everyFault } from '../../src/simulator/faults.ts';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openTestSink, type TestSink } from '../support/postgres.ts';
import { rows, startCloud } from '../support/simulated.ts';
import { engineDeps, fakeClock, registeredStream, walkDeps } from './engineKit.ts';

const never = new AbortController().signal;
const attemptsMax = 40;

interface World {
  readonly cloud: Simulator;
  readonly store: TestSink;
  readonly api: CloudApi;
}

let http: HttpClient;
beforeAll(() => {
  http = createHttpClient({ bodyIdleTimeoutMs: 2_000 });
});
afterAll(() => http.close());

async function openWorld(): Promise<World> {
  const cloud = await startCloud(120, { pageSizeMax: 40 });
  const account = accountSchema.parse({
    provider: 'aliyun',
    region: 'cn-hangzhou',
    credentials: { type: 'access_key', ...SCENARIO_ACCOUNT },
    endpoints: { sls: cloud.url },
  });
  let nonce = 0;
  const api = createAccountApi('prod', account, {
    http,
    nowMs: () => Date.now(),
    nonce: () => String(nonce++),
    random: () => 0.5,
  });
  return { cloud, store: await openTestSink(), api };
}

/** One walk, tried again after every failure as the queue would, from its checkpoint. */
async function walkThroughFaults({ store, api }: World, runId: string): Promise<WalkResult> {
  const stream = await registeredStream(store.sink, api, { pageSize: 25 });
  const deps = walkDeps(engineDeps(store.sink, { clock: fakeClock(Date.now()) }));
  for (let number = 1; ; number++) {
    try {
      const attempt = { number, of: attemptsMax };
      const result = await walkStream(deps, { stream, runId, attempt }, never);
      if (result.kind !== 'paused') return result;
    } catch (error) {
      if (!(error instanceof SourceError) || number >= attemptsMax) throw error;
    }
  }
}

/** Names of the jobs that were listed from the first to the last of these requests and can be stored. */
function listedThroughout(cloud: Simulator, from: number, to: number): readonly string[] {
  return cloud
    .project(SCENARIO_PROJECT)
    .history()
    .filter(
      ({ insertedAtRequest, removedAtRequest }) =>
        insertedAtRequest <= from && (removedAtRequest === null || removedAtRequest > to),
    )
    .map(({ job }) => job.name)
    .sort();
}

function requestsOf(cloud: Simulator): number {
  const byStatus = Object.values(cloud.requests()).flatMap((counts) => Object.values(counts));
  return byStatus.reduce((sum, count) => sum + count, 0);
}

describe('a walk through a faulty cloud, on real HTTP and PostgreSQL', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'stores every job listed throughout exactly once, or says it is incomplete (faults %i)',
    async (round) => {
      const world = await openWorld();
      const { cloud, store } = world;
      try {
        // Nameless jobs are for the test below; megabytes and waiting only where they tell something.
        const tame = {
          nameless: 0,
          delay: { when: 0, delayMs: 0 },
          trickle: { when: 0, durationMs: 0 },
        };
        cloud.setFaults({ ...everyFault(0.02 * round), ...tame, hugeStrings: { at: [round] } });
        const from = requestsOf(cloud) + 1;
        const result = await walkThroughFaults(world, `round-${round}`);
        const to = requestsOf(cloud);
        const stored = await rows<{ name: string }>(
          store.url,
          `select name from download_jobs order by name collate "C"`,
        );
        const names = stored.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        if (result.kind === 'complete') {
          expect(names).toEqual(expect.arrayContaining([...listedThroughout(cloud, from, to)]));
        }
        const leaked = await rows(
          store.url,
          `select name from download_jobs j where to_jsonb(j)::text ~ 'Signature=|OSSAccessKeyId='`,
        );
        expect(leaked).toEqual([]);
      } finally {
        await cloud.close();
        await store.drop();
      }
    },
  );

  it('keeps what has no name in rejected_entries, once, however often it is read', async () => {
    const world = await openWorld();
    try {
      world.cloud.setFaults({ nameless: 0.1 });
      const first = await walkThroughFaults(world, 'one');
      const count = async () =>
        Number(
          (await rows<{ n: string }>(world.store.url, 'select count(*) n from rejected_entries'))[0]
            ?.n,
        );
      const kept = await count();
      await walkThroughFaults(world, 'two');
      expect([first.kind, kept > 0, await count()]).toEqual(['complete', true, kept]);
    } finally {
      await world.cloud.close();
      await world.store.drop();
    }
  });
});
