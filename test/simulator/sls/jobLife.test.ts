import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DownloadJobRow } from '../../../src/simulator/sls/downloadJob.ts';
import { completeJob, phaseAt, statusesUntil } from '../../../src/simulator/sls/downloadJob.ts';
import { PROJECT, START_MS, closeAfterEach, names, startWorld, verdict } from '../world.ts';

closeAfterEach();

const get = (name: string): { path: string } => ({ path: `/downloadjobs/${name}` });

describe('a job', () => {
  it('only moves forward, and its progress only grows', () => {
    const rank = { STARTING: 0, RUNNING: 1, SUCCEEDED: 2, ERROR: 2 } as const;
    const progressOf = (phase: ReturnType<typeof phaseAt>): number => {
      if (phase.status === 'STARTING') return 0;
      return phase.status === 'SUCCEEDED' ? 100 : phase.progressPercent;
    };
    fc.assert(
      fc.property(
        fc.string(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 60_000 })),
        (name, failShare, ages) => {
          const lifecycle = { failShare, endlessShare: (1 - failShare) / 2 };
          const job = completeJob({ name }, { seed: 's', lifecycle, nowMs: START_MS });
          const phases = ages.sort((a, b) => a - b).map((age) => phaseAt(job, START_MS + age));
          phases.slice(1).forEach((phase, index) => {
            const before = phases[index]!;
            expect(rank[phase.status]).toBeGreaterThanOrEqual(rank[before.status]);
            expect(progressOf(phase)).toBeGreaterThanOrEqual(progressOf(before));
            expect(progressOf(phase)).toBeLessThanOrEqual(phase.status === 'SUCCEEDED' ? 100 : 99);
          });
        },
      ),
    );
  });

  it('is over exactly when its times say, and its statuses say since when', () => {
    const spec = { name: 'a1', startMs: 1000, runMs: 5000 };
    const world = { seed: 's', lifecycle: { failShare: 0 }, nowMs: START_MS };
    const job = completeJob(spec, world);
    expect([0, 999, 1000, 5999, 6000].map((age) => phaseAt(job, START_MS + age).status)).toEqual([
      'STARTING',
      'STARTING',
      'RUNNING',
      'RUNNING',
      'SUCCEEDED',
    ]);
    expect(statusesUntil(job, START_MS + 6000)).toEqual([
      { status: 'STARTING', sinceMs: START_MS },
      { status: 'RUNNING', sinceMs: START_MS + 1000 },
      { status: 'SUCCEEDED', sinceMs: START_MS + 6000 },
    ]);
  });

  it('fails in about the share that is asked for', () => {
    const world = { seed: 's', lifecycle: { failShare: 0.2, endlessShare: 0.1 }, nowMs: START_MS };
    const endings = Array.from(
      { length: 2000 },
      (_, n) => completeJob({ name: `job-${n}` }, world).ending.status,
    );
    const share = (status: string): number =>
      endings.filter((ending) => ending === status).length / endings.length;
    expect(share('ERROR')).toBeCloseTo(0.2, 1);
    expect(share('never')).toBeCloseTo(0.1, 1);
  });

  it('is asked for by name: the fields of List, allowInComplete as a boolean, progress as time passes', async () => {
    const { ask, clock } = await startWorld({
      project: {
        jobs: [
          {
            name: 'my-job',
            startMs: 1000,
            runMs: 10_000,
            ending: { status: 'ERROR', errorMessage: 'timeout' },
          },
        ],
      },
    });
    const seen: string[] = [];
    let last: DownloadJobRow | undefined;
    for (const age of [0, 3000, 8000, 11_000]) {
      clock.nowMs = START_MS + age;
      last = JSON.parse((await ask(get('my-job'))).text) as DownloadJobRow;
      seen.push(last.status);
    }
    expect(seen).toEqual(['STARTING', 'RUNNING', 'RUNNING', 'ERROR']);
    expect(last?.configuration.allowInComplete).toBe(false);
    expect(last?.executionDetails.errorMessage).toBe('timeout');
  });

  it('that does not exist is 404 for Get and Delete', async () => {
    const { ask } = await startWorld();
    expect([
      verdict(await ask(get('nobody'))),
      verdict(await ask({ ...get('nobody'), method: 'DELETE' })),
    ]).toEqual(['404 JobNotExist', '404 JobNotExist']);
  });

  it('is gone from List and Get once it is deleted, and its life is remembered', async () => {
    const { ask, list, simulator } = await startWorld({ project: { jobs: [{ name: 'my-job' }] } });
    expect((await ask({ ...get('my-job'), method: 'DELETE' })).status).toBe(200);
    expect(names(await list())).toEqual([]);
    expect(verdict(await ask(get('my-job')))).toBe('404 JobNotExist');
    expect(simulator.project(PROJECT).history()).toMatchObject([
      { job: { name: 'my-job' }, insertedAtRequest: 0, removedAtRequest: 1 },
    ]);
  });

  it('appears when its time comes, not before', async () => {
    const { list, clock, simulator } = await startWorld({
      project: { jobs: [{ name: 'later', createdAtMs: START_MS + 5000 }, { name: 'now' }] },
    });
    const before = names(await list());
    clock.nowMs += 5000;
    expect([before, names(await list())]).toEqual([['now'], ['later', 'now']]);
    expect(simulator.project(PROJECT).statuses('later')).toEqual([
      { status: 'STARTING', sinceMs: START_MS + 5000 },
    ]);
  });
});

describe('CreateDownloadJob', () => {
  const body = {
    name: 'new-job',
    displayName: 'New job',
    configuration: {
      logstore: 'app_log',
      fromTime: 1722409260,
      toTime: 1722411060,
      query: '*',
      allowInComplete: true,
      sink: { type: 'AliyunOSS', contentType: 'json', compressionType: 'zstd' },
    },
  };
  const create = (changed: object): { path: string; method: string; body: string } => ({
    path: '/downloadjobs',
    method: 'POST',
    body: JSON.stringify({ ...body, ...changed }),
  });

  it('starts a job that List then shows first', async () => {
    const { ask, list, clock } = await startWorld({ project: { jobs: [{ name: 'older' }] } });
    const created = await ask(create({}));
    expect([created.status, created.text]).toEqual([200, '']);
    const [row] = (JSON.parse((await list()).text) as { results: DownloadJobRow[] }).results;
    expect(row).toMatchObject({
      name: 'new-job',
      displayName: 'New job',
      status: 'STARTING',
      createTime: String(clock.nowMs / 1000),
      configuration: {
        allowInComplete: 'true',
        sink: { contentType: 'json', compressionType: 'zstd' },
      },
    });
  });

  it('refuses a name that is taken', async () => {
    const { ask } = await startWorld();
    await ask(create({}));
    expect(verdict(await ask(create({})))).toBe('400 IdempotentParameterMismatch');
  });

  it.each(['a', '-ab', 'ab_', 'Ab', 'a b', 'x'.repeat(65), ''])(
    'refuses the name %j',
    async (name) => {
      const { ask } = await startWorld();
      expect(verdict(await ask(create({ name })))).toBe('400 ParameterInvalid');
    },
  );

  it.each(['ab', '0-9', 'a_-b', 'x'.repeat(64)])('takes the name %j', async (name) => {
    const { ask } = await startWorld();
    expect((await ask(create({ name }))).status).toBe(200);
  });

  it('refuses a window without length, a missing configuration, a sink it does not know, and what is not JSON', async () => {
    const { ask } = await startWorld();
    const { configuration } = body;
    const sink = { ...configuration.sink, compressionType: 'rar' };
    expect([
      verdict(await ask(create({ configuration: { ...configuration, toTime: 1722409260 } }))),
      verdict(await ask(create({ configuration: undefined }))),
      verdict(await ask(create({ configuration: { ...configuration, sink } }))),
      verdict(await ask({ path: '/downloadjobs', method: 'POST', body: '{"name":' })),
    ]).toEqual([
      '400 ParameterInvalid',
      '400 ParameterInvalid',
      '400 ParameterInvalid',
      '400 PostBodyInvalid',
    ]);
  });

  it('refuses a logstore that the project does not have, when the project lists its logstores', async () => {
    const { ask } = await startWorld({ project: { logstores: ['other'] } });
    expect(verdict(await ask(create({})))).toBe('404 LogStoreNotExist');
  });
});
