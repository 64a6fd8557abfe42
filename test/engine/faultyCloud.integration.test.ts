import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpClient, type HttpClient } from '../../src/http/client.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openTestSink, type TestSink } from '../support/postgres.ts';
import { rows, startCloud } from '../support/simulated.ts';
import { engineDeps, fakeClock, registeredStream } from './engineKit.ts';
import {
  listedThroughout,
  requestsOf,
  simulatedApi,
  tameFaults,
  walkThroughFaults,
} from './faultyKit.ts';

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
  const api = simulatedApi(cloud, { http, nowMs: () => Date.now() });
  return { cloud, store: await openTestSink(), api };
}

async function walk({ store, api }: World, runId: string) {
  const stream = await registeredStream(store.sink, api, { pageSize: 25 });
  const deps = engineDeps(store.sink, { clock: fakeClock(Date.now()) });
  return walkThroughFaults(deps, stream, runId);
}

describe('a walk through a faulty cloud, on real HTTP and PostgreSQL', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'stores every job listed throughout exactly once, or says it is incomplete (faults %i)',
    async (round) => {
      const world = await openWorld();
      const { cloud, store } = world;
      try {
        cloud.setFaults(tameFaults(0.02 * round, round));
        const from = requestsOf(cloud) + 1;
        const result = await walk(world, `round-${round}`);
        const to = requestsOf(cloud);
        const stored = await rows<{ name: string }>(
          store.url,
          `select name from download_jobs order by name collate "C"`,
        );
        const names = stored.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        if (result.kind === 'complete') {
          const listed = listedThroughout(cloud.project(SCENARIO_PROJECT), from, to);
          expect(names).toEqual(expect.arrayContaining([...listed]));
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
      const first = await walk(world, 'one');
      const count = async () =>
        Number(
          (await rows<{ n: string }>(world.store.url, 'select count(*) n from rejected_entries'))[0]
            ?.n,
        );
      const kept = await count();
      await walk(world, 'two');
      expect([first.kind, kept > 0, await count()]).toEqual(['complete', true, kept]);
    } finally {
      await world.cloud.close();
      await world.store.drop();
    }
  });
});
