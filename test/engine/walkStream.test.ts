import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { walkStream, type WalkRun } from '../../src/engine/walkStream.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import type { OpenJob, Sink } from '../../src/sinks/sink.ts';
import { countedTables } from '../../src/sources/registry.ts';
import { MovingList, faultySchedule, movingSchedule, type Schedule } from '../domain/movingList.ts';
import {
  answeringApi,
  jobSource,
  engineDeps,
  fakeClock,
  jobNamed,
  listBody,
  recordingLog,
  registeredStream,
  walkDeps,
  type Answer,
} from './engineKit.ts';

const never = new AbortController().signal;
const source = jobSource();

const still = (initial: number): Schedule => ({ initial, namelessEvery: 0, turns: [] });

/** Answers as the list does; a row without a key is an entry without a name. */
function listAnswer(list: MovingList): Answer {
  return ({ query }) => {
    const { keys, total } = list.answer({
      offset: Number(query['offset']),
      size: Number(query['size']),
    });
    return listBody(
      keys.map((key) => (key === null ? { status: 'RUNNING' } : jobNamed(key))),
      total,
    );
  };
}

async function world(answer: Answer, settings: { readonly pageSize?: number } = {}) {
  const sink = openMemorySink();
  const clock = fakeClock();
  const log = recordingLog();
  const stream = await registeredStream(sink, answeringApi(answer), settings);
  const deps = walkDeps(engineDeps(sink, { clock, log }));
  const run = (runId: string, number = 1): WalkRun => ({
    stream,
    runId,
    attempt: { number, of: 3 },
  });
  return { sink, clock, log, stream, deps, run };
}

async function storedNames(sink: Sink, streamId: string, names: Iterable<string>) {
  const found: string[] = [];
  for (const name of names) {
    const entryKey = `${name}@1722411060`;
    if ((await sink.readJob({ table: source.table, streamId, entryKey })) !== null)
      found.push(name);
  }
  return found;
}

async function statusOf(sink: Sink) {
  const [status] = await sink.streamStatuses({ tables: countedTables() });
  return status!;
}

describe('walking a stream', () => {
  it('stores every entry listed throughout exactly once, or says it is incomplete, while killed at random and resumed', async () => {
    const schedules = fc.oneof(movingSchedule, faultySchedule);
    const kills = fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        schedules,
        kills,
        fc.integer({ min: 2, max: 12 }),
        async (schedule, lives, pageSize) => {
          const list = new MovingList(schedule);
          const honest = listAnswer(list);
          let callsLeft = Infinity;
          const answer: Answer = (request) => {
            if (--callsLeft < 0) throw new Error('killed');
            return honest(request);
          };
          const { sink, stream, deps, run } = await world(answer, { pageSize });
          for (const life of lives) {
            callsLeft = life;
            await walkStream(deps, run('one'), never).catch(() => undefined);
          }
          callsLeft = Infinity;
          const result = await walkStream(deps, run('one'), never);
          if (result.kind !== 'complete') return;
          const wanted = [...list.throughout];
          expect(await storedNames(sink, stream.streamId, wanted)).toEqual(wanted);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('counts what it did, and moves the high-water mark of a complete walk to its start', async () => {
    const { sink, clock, deps, run } = await world(listAnswer(new MovingList(still(250))));
    const startedAtMs = clock.nowMs();
    const result = await walkStream(deps, run('one'), never);
    expect(result).toMatchObject({
      kind: 'complete',
      counts: { pages: 4, requests: 5, entriesSeen: 250, inserted: 250, updated: 0, duplicates: 0 },
    });
    expect((await statusOf(sink)).highWaterAtMs).toBe(startedAtMs);
  });

  it('finds nothing new the second time', async () => {
    const { deps, run } = await world(listAnswer(new MovingList(still(250))));
    await walkStream(deps, run('one'), never);
    expect(await walkStream(deps, run('two'), never)).toMatchObject({
      counts: { entriesSeen: 250, inserted: 0, updated: 0, duplicates: 250 },
    });
  });

  it('stores what it can of a list that leaves no proof, says why, and moves no mark', async () => {
    const { sink, log, deps, run } = await world(() => listBody([jobNamed('a')], null));
    expect(await walkStream(deps, run('one'), never)).toMatchObject({
      kind: 'incomplete',
      reason: 'total_missing',
      counts: { inserted: 1 },
    });
    expect(await statusOf(sink)).toMatchObject({ highWaterAtMs: null, walks: { incomplete: 1 } });
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ event }) => event)).toEqual([
      'walk_finished',
    ]);
  });

  it('announces the jobs that are not terminal, after their page is stored', async () => {
    const jobs = [jobNamed('a'), jobNamed('b', 'RUNNING'), jobNamed('c', 'newstate')];
    const { deps, run } = await world(({ query }) => {
      const rest = jobs.slice(Number(query['offset']));
      return listBody(rest, jobs.length);
    });
    const open: OpenJob[] = [];
    const announcing = {
      ...deps,
      onOpenJobs: async (found: readonly OpenJob[]) => void open.push(...found),
    };
    await walkStream(announcing, run('one'), never);
    expect(open.map(({ entryKey }) => entryKey)).toEqual(['b@1722411060', 'c@1722411060']);
  });

  it('ends complete although the queue takes no jobs: the next requeue does it', async () => {
    const { deps, run, log } = await world(({ query }) =>
      listBody(Number(query['offset']) === 0 ? [jobNamed('a', 'RUNNING')] : [], 1),
    );
    const queueless = { ...deps, onOpenJobs: () => Promise.reject(new Error('no queue')) };
    expect(await walkStream(queueless, run('one'), never)).toMatchObject({ kind: 'complete' });
    expect(log.lines.map(({ event }) => event)).toContain('work_not_queued');
  });

  it('waits out a throttling answer, then goes on behind what is stored, with no attempt spent', async () => {
    const honest = listAnswer(new MovingList(still(250)));
    let calls = 0;
    const { deps, run, clock } = await world((request) => {
      calls += 1;
      if (calls === 2) {
        throw new SourceError('throttled', 'busy', {
          detail: { api: 'ListDownloadJobs', status: 403, retryAfterMs: 7_000 },
        });
      }
      return honest(request);
    });
    const nowMs = clock.nowMs();
    expect(await walkStream(deps, run('one'), never)).toEqual({
      kind: 'paused',
      resumeAtMs: nowMs + 7_000,
    });
    expect(await walkStream(deps, run('one'), never)).toMatchObject({
      kind: 'complete',
      counts: { entriesSeen: 250, inserted: 250 },
    });
  });

  it('repeats a request that failed in passing', async () => {
    const honest = listAnswer(new MovingList(still(250)));
    let calls = 0;
    const { deps, run } = await world((request) => {
      calls += 1;
      if (calls % 3 === 1) {
        throw new SourceError('transient', 'reset', { detail: { api: 'ListDownloadJobs' } });
      }
      return honest(request);
    });
    expect(await walkStream(deps, run('one'), never)).toMatchObject({ kind: 'complete' });
  });

  it.each(['rejected', 'credentials'] as const)(
    'ends as failed at once when the request is refused (%s)',
    async (kind) => {
      const { sink, deps, run } = await world(() => {
        throw new SourceError(kind, 'no such project', { detail: { api: 'ListDownloadJobs' } });
      });
      await expect(walkStream(deps, run('one'), never)).rejects.toThrow('no such project');
      expect((await statusOf(sink)).lastWalk).toMatchObject({
        outcome: 'failed',
        error: 'no such project',
      });
    },
  );

  it('ends as failed with the last attempt, and is running and resumable before', async () => {
    const { sink, deps, run } = await world(() => {
      throw new SourceError('drift', 'no list', { detail: { api: 'ListDownloadJobs' } });
    });
    await expect(walkStream(deps, run('one', 2), never)).rejects.toThrow();
    expect((await statusOf(sink)).lastWalk).toMatchObject({ outcome: 'running', error: 'no list' });
    await expect(walkStream(deps, run('one', 3), never)).rejects.toThrow();
    expect((await statusOf(sink)).lastWalk).toMatchObject({ outcome: 'failed' });
  });

  it('never takes an answer that is no list for an empty one', async () => {
    const { sink, deps, run } = await world(() => ({ message: 'try later' }));
    await expect(walkStream(deps, run('one'), never)).rejects.toMatchObject({ kind: 'drift' });
    expect((await statusOf(sink)).lastCompleteWalkAtMs).toBeNull();
  });

  it('leaves the stream to whoever claimed it later, and keeps nothing of its own page', async () => {
    const honest = listAnswer(new MovingList(still(250)));
    let taken = false;
    const opened = await world(async (request) => {
      if (request.query['offset'] === '99' && !taken) {
        taken = true;
        const { sink, stream, clock } = opened;
        await sink.beginWalk({ streamId: stream.streamId, runId: 'other', nowMs: clock.nowMs() });
      }
      return honest(request);
    });
    expect(await walkStream(opened.deps, opened.run('one'), never)).toEqual({ kind: 'superseded' });
    expect((await statusOf(opened.sink)).entries).toBeLessThanOrEqual(100);
  });

  it('holds three pages at most: one being written, one waiting for its turn, one being fetched', async () => {
    const honest = listAnswer(new MovingList(still(1_000)));
    let asked = 0;
    let stored = 0;
    let ahead = 0;
    const opened = await world((request) => {
      // The last page is made of several answers: those that confirm the end.
      if (Number(request.query['offset']) < 990) asked += 1;
      ahead = Math.max(ahead, asked - stored);
      return honest(request);
    });
    const slow: Sink = {
      ...opened.sink,
      appendJobs: async (page) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        stored += 1;
        return opened.sink.appendJobs(page);
      },
    };
    await walkStream({ ...opened.deps, sink: slow }, opened.run('one'), never);
    expect(ahead).toBe(3);
  });

  it('stops within a page when the signal fires, with what is stored kept', async () => {
    const stop = new AbortController();
    const honest = listAnswer(new MovingList(still(1_000)));
    const { sink, deps, run } = await world((request) => {
      if (Number(request.query['offset']) > 400) stop.abort();
      return honest(request);
    });
    await expect(walkStream(deps, run('one'), stop.signal)).rejects.toThrow();
    const { entries, lastWalk } = await statusOf(sink);
    expect([entries > 300 && entries < 700, lastWalk?.outcome]).toEqual([true, 'running']);
  });

  it('keeps a deleted job, marked as vanished, and takes the mark off when it is listed again', async () => {
    let listed = ['a', 'b'];
    const { sink, stream, deps, run } = await world(({ query }) =>
      listBody(listed.map((name) => jobNamed(name)).slice(Number(query['offset'])), listed.length),
    );
    const vanished = async () => {
      const at = { table: source.table, streamId: stream.streamId, entryKey: 'b@1722411060' };
      return (await sink.readJob(at))?.vanishedAtMs != null;
    };
    await walkStream(deps, run('one'), never);
    listed = ['a'];
    await walkStream(deps, run('two'), never);
    const gone = await vanished();
    listed = ['a', 'b'];
    await walkStream(deps, run('three'), never);
    expect([gone, await vanished()]).toEqual([true, false]);
  });
});
