import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { HOSTILE_ARCHIVES } from '../../src/simulator/huawei/archives.ts';
import type { HuaweiOptions } from '../../src/simulator/huawei/huawei.ts';
import { zipOf } from '../../src/simulator/huawei/zip.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { openMemorySink, type MemorySink } from '../../src/sinks/memory.ts';
import { checkStream, openBuildApi, someLog, startChecks, subJob } from '../support/checks.ts';
import { engineDeps, fakeClock, recordingLog, walkDeps } from './engineKit.ts';

const never = new AbortController().signal;

interface World {
  readonly cloud: Simulator;
  readonly sink: MemorySink;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly log: ReturnType<typeof recordingLog>;
  readonly walk: (runId: string) => Promise<WalkResult>;
  /** Requests for archives so far. */
  readonly downloads: () => number;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function openWorld(
  options: HuaweiOptions,
  settings: Readonly<Record<string, unknown>>,
  wantedKeys: readonly string[] = [],
): Promise<World> {
  const cloud = await startChecks(options);
  const { api, close } = openBuildApi(cloud.url);
  closing.push(close, () => cloud.close());
  const sink = openMemorySink();
  const clock = fakeClock(Date.now());
  const log = recordingLog();
  const stream = await checkStream(sink, api, settings);
  const deps = walkDeps(engineDeps(sink, { clock, log }));
  return {
    ...{ cloud, sink, clock, log },
    walk: (runId) => {
      const attempt = { number: 1, of: 5 };
      return walkStream(deps, { stream: { ...stream, wantedKeys }, runId, attempt }, never);
    },
    downloads: () =>
      Object.values(cloud.requests()['DownloadLog'] ?? {}).reduce((sum, count) => sum + count, 0),
  };
}

/** What the sink holds of the latest archives: rows as (entry, line, text). */
function linesOf(sink: MemorySink, key: string) {
  const file = sink.contents.files.find((one) => one.key === key && one.supersededAtMs === null);
  return (file?.rows ?? []).map(([, lineNumber, entryName, , , , text]) => ({
    entryName,
    lineNumber: Number(lineNumber),
    text,
  }));
}

describe('a walk over archives', () => {
  it('stores every line of every archive, in order, with the name of its file', async () => {
    const ids = [subJob(1), subJob(2)];
    const { cloud, sink, walk } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 250), [subJob(2)]: someLog('two', 3) } },
      { subJobIds: ids, utcOffset: '+08:00' },
    );
    expect(await walk('run')).toMatchObject({ kind: 'complete', counts: { inserted: 2 } });
    for (const id of ids) expect(linesOf(sink, id)).toEqual(cloud.checks.lines().get(id));
    const [first] = sink.contents.files;
    expect(first?.rows[0]?.[3]).toBe(Date.parse('2026-11-22T05:19:07Z'));
  });

  it('asks for a stored archive again with growing rests, and stores an unchanged one once', async () => {
    const { sink, walk, clock, downloads } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 5) } },
      { subJobIds: [subJob(1)], recheckMin: '10m', recheckMax: '1h' },
    );
    const asked: number[] = [];
    for (let tick = 0; tick < 60; tick++) {
      const before = downloads();
      expect((await walk(`tick ${tick}`)).kind).toBe('complete');
      if (downloads() > before) asked.push(tick * 5);
      clock.advance(5 * 60_000);
    }
    expect(asked).toEqual([0, 10, 30, 70, 130, 190, 250]);
    expect(sink.contents.files).toHaveLength(1);
  });

  it('stores changed content beside the old, which is superseded', async () => {
    const { cloud, sink, walk, clock } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 5) } },
      { subJobIds: [subJob(1)] },
    );
    await walk('one');
    cloud.checks.put(subJob(1), someLog('one', 9));
    clock.advance(3_600_000);
    expect(await walk('two')).toMatchObject({ kind: 'complete', counts: { updated: 1 } });
    expect(sink.contents.files.map(({ supersededAtMs }) => supersededAtMs === null)).toEqual([
      false,
      true,
    ]);
    expect(linesOf(sink, subJob(1))).toEqual(cloud.checks.lines().get(subJob(1)));
  });

  it('keeps a refused id back from nothing: the rest is stored, the walk says what it lacks', async () => {
    const { sink, walk } = await openWorld(
      { subJobs: { [subJob(2)]: someLog('two', 5) } },
      { subJobIds: [subJob(1), subJob(2)] },
    );
    expect(await walk('run')).toMatchObject({ kind: 'incomplete', reason: 'archive_rejected' });
    expect(linesOf(sink, subJob(2))).toHaveLength(5);
    const [rejected] = [...sink.contents.rejected.values()];
    expect(rejected).toMatchObject({ reason: 'archive_rejected' });
    expect(rejected?.raw).toMatch(/HTTP 400 CC\.00070400\.400/);
    // Not asked again at once, and still not forgotten.
    expect(await walk('next')).toMatchObject({ kind: 'incomplete', reason: 'archive_rejected' });
  });

  it('is complete when an archive that was stored is gone', async () => {
    const { cloud, sink, walk, clock } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 5) } },
      { subJobIds: [subJob(1)] },
    );
    await walk('one');
    cloud.checks.remove(subJob(1));
    clock.advance(3_600_000);
    expect(await walk('two')).toMatchObject({ kind: 'complete' });
    expect(sink.contents.rejected.size).toBe(0);
    expect(linesOf(sink, subJob(1))).toHaveLength(5);
  });

  it('stores nothing of a hostile archive, and everything of the others', async () => {
    const hostile = HOSTILE_ARCHIVES.map((archive, at) => [subJob(at), archive] as const);
    const good = subJob(9_999);
    const { sink, walk } = await openWorld(
      {
        subJobs: {
          ...Object.fromEntries(hostile.map(([id, archive]) => [id, { kind: 'hostile', archive }])),
          [good]: someLog('good', 5),
        },
      },
      { subJobIds: [...hostile.map(([id]) => id), good] },
    );
    expect(await walk('run')).toMatchObject({ kind: 'incomplete', reason: 'archive_refused' });
    expect(sink.contents.files.map(({ key }) => key)).toEqual([good]);
    expect(sink.contents.rejected.size).toBe(hostile.length);
  });

  it('refuses a download that is larger than allowed', async () => {
    const noise = Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * at * 31) % 251));
    const bytes = zipOf([{ name: 'a.log', data: noise, stored: true }]);
    const { sink, walk } = await openWorld(
      { subJobs: { [subJob(1)]: { kind: 'bytes', bytes } } },
      { subJobIds: [subJob(1)], limits: { downloadMiB: 1 } },
    );
    expect(await walk('run')).toMatchObject({ kind: 'incomplete', reason: 'archive_refused' });
    expect([...sink.contents.rejected.values()][0]?.raw).toContain('file_too_large');
  });

  it('also fetches what is asked for by hand, due or not', async () => {
    const { sink, walk, downloads } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 1), [subJob(2)]: someLog('two', 2) } },
      { subJobIds: [subJob(1)] },
      [subJob(2)],
    );
    await walk('one');
    await walk('two');
    expect(downloads()).toBe(3);
    expect(linesOf(sink, subJob(2))).toHaveLength(2);
  });

  it('leaves no file behind, whatever happens', async () => {
    const own = () => readdirSync(tmpdir()).filter((name) => /^logferry-[0-9a-f]{8}-/.test(name));
    const before = own();
    const { walk, cloud } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 500) } },
      { subJobIds: [subJob(1)] },
    );
    cloud.setFaults({ cutBody: { at: [0, 1] }, badGateway: { at: [2] } });
    await walk('run');
    expect(own().filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('discovery', () => {
  const project = 'c'.repeat(32);
  const job = (id: number, subJobIds: readonly string[]) => ({
    ...{ id: `${id}`.padStart(32, 'b'), status: 'success' as const, subJobIds },
    startedAtMs: Date.parse('2026-11-22T00:00:00Z') + id * 1_000,
  });

  it.each(['ids', 'objects', 'text'] as const)(
    'finds every sub-job of every execution of every task: %s',
    async (subJobsShown) => {
      const tasks = Array.from({ length: 230 }, (_, at) => ({
        ...{ id: `task-${at}`, projectId: project, name: `Task ${at}` },
        jobs: at % 50 === 0 ? [job(at, [subJob(at), subJob(1_000 + at)])] : [],
      }));
      const ids = tasks.flatMap(({ jobs }) => jobs.flatMap(({ subJobIds }) => subJobIds));
      const subJobs = Object.fromEntries(ids.map((id) => [id, someLog(id, 2)]));
      const { sink, walk, cloud } = await openWorld(
        { subJobs, tasks, subJobsShown },
        { discover: { projects: [project] } },
      );
      expect(await walk('run')).toMatchObject({ kind: 'complete' });
      expect(sink.contents.files.map(({ key }) => key).toSorted()).toEqual(ids.toSorted());
      const looked = cloud.requests()['getJobsInfo']?.['200'];
      await walk('again');
      // Tasks that say nothing new are not looked through again.
      expect(cloud.requests()['getJobsInfo']?.['200']).toBe(looked);
    },
  );

  it('tries the id of an execution that names no sub-job, and takes no for an answer', async () => {
    const tasks = [{ id: 't', projectId: project, name: 'T', jobs: [job(1, [subJob(1)])] }];
    const { walk, downloads, sink } = await openWorld(
      { subJobs: { [subJob(1)]: someLog('one', 2) }, tasks, subJobsShown: 'nowhere' },
      { discover: { projects: [project] } },
    );
    expect(await walk('run')).toMatchObject({ kind: 'complete' });
    expect(downloads()).toBe(1);
    expect(sink.contents.rejected.size).toBe(0);
  });
});

describe('a cloud that does not answer', () => {
  const one = { subJobs: { [subJob(1)]: someLog('one', 5), [subJob(2)]: someLog('two', 5) } };
  const settings = { subJobIds: [subJob(1), subJob(2)] };

  it('busy with a 400 is asked again', async () => {
    const { walk, cloud } = await openWorld(one, settings);
    cloud.setFaults({ busy: { at: [0, 1] }, errorOn200: { at: [2] } });
    expect(await walk('run')).toMatchObject({ kind: 'complete', counts: { inserted: 2 } });
  });

  it('for one archive only, keeps the others not back, and fails the walk', async () => {
    const { walk, cloud, sink } = await openWorld(one, settings);
    cloud.setFaults({ badGateway: { at: [0, 1, 2, 3] } });
    await expect(walk('run')).rejects.toMatchObject({ kind: 'transient' });
    expect(linesOf(sink, subJob(2))).toHaveLength(5);
    expect(await walk('run')).toMatchObject({ kind: 'complete', counts: { inserted: 2 } });
  });

  it('pauses the walk for the window that the gateway names', async () => {
    const { walk, cloud, clock } = await openWorld(
      { ...one, throttleWindow: '2 minute' },
      settings,
    );
    cloud.setFaults({ throttle: { at: [0] } });
    const startedAtMs = clock.nowMs();
    const paused = await walk('run');
    expect(paused).toMatchObject({ kind: 'paused' });
    const waitMs = paused.kind === 'paused' ? paused.resumeAtMs - startedAtMs : 0;
    expect(waitMs).toBeGreaterThanOrEqual(120_000);
    expect(waitMs).toBeLessThan(140_000);
    expect(await walk('run')).toMatchObject({ kind: 'complete' });
  });

  it('with a redirect is refused: nothing is sent elsewhere', async () => {
    const { walk, cloud } = await openWorld(one, settings);
    cloud.setFaults({ redirect: 1 });
    const failure = await walk('run').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure).toMatchObject({ kind: 'rejected', detail: { status: 302 } });
    expect(cloud.requests()).toEqual({ DownloadLog: { '302': 1 } });
  });
});
