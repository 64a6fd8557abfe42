import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, newStream, page, store, table, terminal } from './harness.ts';

export function jobContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function streamWith(...entries: Parameters<typeof completeWalk>[1]['entries']) {
    const streamId = await newStream(under.sink);
    await completeWalk(under.sink, { streamId, runId: 'r', entries, nowMs: 10_000 });
    return streamId;
  }

  function record(streamId: string, expectedStatus: string, given: ReturnType<typeof entry>) {
    const nowMs = 20_000;
    return under.sink.recordJob({
      table,
      terminal,
      streamId,
      expectedStatus,
      entry: given,
      drift: [],
      nowMs,
    });
  }

  describe('a job whose answers leave out what tells jobs of one name apart', () => {
    const keyed = (time: string, status: string) =>
      entry(`a@${time}`, status, { jobKey: 'a', raw: { time, status } });
    const bare = (status: string) => entry('a', status, { jobKey: 'a', raw: { status } });
    const stored = async (streamId: string) =>
      (await under.jobs(streamId)).map(({ key, status }) => [key, status]);

    it('stays one row, whichever answer comes first', async () => {
      const early = await streamWith(keyed('1', 'RUNNING'));
      await completeWalk(under.sink, {
        streamId: early,
        runId: 's',
        nowMs: 21000,
        entries: [bare('SUCCEEDED')],
      });
      const late = await streamWith(bare('RUNNING'));
      await completeWalk(under.sink, {
        streamId: late,
        runId: 's',
        nowMs: 22000,
        entries: [keyed('1', 'ERROR')],
      });
      expect([await stored(early), await stored(late)]).toEqual([
        [['a@1', 'SUCCEEDED']],
        [['a@1', 'ERROR']],
      ]);
      expect((await under.changes(late)).map(({ key, to }) => [key, to])).toEqual([
        ['a@1', 'RUNNING'],
        ['a@1', 'ERROR'],
      ]);
    });

    it('is the newest of its name', async () => {
      const streamId = await streamWith(keyed('1', 'SUCCEEDED'));
      await completeWalk(under.sink, {
        streamId,
        runId: 's',
        nowMs: 23000,
        entries: [keyed('2', 'RUNNING')],
      });
      await completeWalk(under.sink, {
        streamId,
        runId: 't',
        nowMs: 24000,
        entries: [bare('ERROR')],
      });
      expect(await stored(streamId)).toEqual([
        ['a@1', 'SUCCEEDED'],
        ['a@2', 'ERROR'],
      ]);
    });
  });

  describe('a page that was asked for before something newer was stored', () => {
    it('changes nothing of the job but that it was seen, and is no contradiction', async () => {
      const streamId = await streamWith(entry('a', 'RUNNING'));
      const { walk } = await begin(under.sink, { streamId, runId: 's', nowMs: 15_000 });
      await record(streamId, 'RUNNING', entry('a', 'SUCCEEDED'));
      const entries = [entry('a', 'RUNNING')];
      const late = page(walk, { entries, askedAtMs: 19_999, nowMs: 21_000 });
      expect(await store(under.sink, late)).toMatchObject({ duplicates: 1, updated: 0, open: [] });
      expect(await under.jobs(streamId)).toMatchObject([
        { status: 'SUCCEEDED', lastSeenAtMs: 21_000, lastSeenWalkId: walk.walkId },
      ]);
      expect(await under.drift(streamId)).toEqual([]);
    });
  });

  describe('a single job', () => {
    it('is read with the time since it has its status', async () => {
      const columns = { progress: 42 };
      const streamId = await streamWith(entry('a', 'RUNNING', { columns }));
      await record(streamId, 'RUNNING', entry('a', 'PAUSED', { columns }));
      expect(await under.sink.readJob({ table, streamId, entryKey: 'a' })).toEqual({
        ...{ entryKey: 'a', jobKey: 'name of a', status: 'PAUSED', progressPercent: 42 },
        ...{ firstSeenAtMs: 10_000, statusSinceMs: 20_000, settledAtMs: null, vanishedAtMs: null },
      });
    });

    it('that is not stored reads as null', async () => {
      const streamId = await streamWith();
      expect(await under.sink.readJob({ table, streamId, entryKey: 'a' })).toBeNull();
    });

    it('is recorded while its status is the expected one, with the change', async () => {
      const streamId = await streamWith(entry('a', 'RUNNING'));
      const done = entry('a', 'SUCCEEDED', { columns: { file_size: '5' }, progressPercent: 100 });
      expect(await record(streamId, 'RUNNING', done)).toEqual({
        ...{ kind: 'recorded', from: 'RUNNING', status: 'SUCCEEDED' },
      });
      const [job] = await under.jobs(streamId);
      expect(job).toMatchObject({ status: 'SUCCEEDED', settledAtMs: 20_000, lastSeenAtMs: 20_000 });
      expect(job?.columns['file_size']).toBe('5');
      expect((await under.changes(streamId)).at(-1)).toMatchObject({
        ...{ from: 'RUNNING', to: 'SUCCEEDED', progress: 100, observedAtMs: 20_000 },
      });
    });

    it('is recorded without a change of status too, which is no status change', async () => {
      const streamId = await streamWith(entry('a', 'RUNNING'));
      const further = entry('a', 'RUNNING', { columns: { progress: 50 } });
      expect(await record(streamId, 'RUNNING', further)).toMatchObject({ kind: 'recorded' });
      expect((await under.jobs(streamId))[0]?.columns['progress']).toBe(50);
      expect(await under.changes(streamId)).toHaveLength(1);
    });

    it.each([
      ['has another status by now', 'PAUSED', 'RUNNING'],
      ['is terminal', 'SUCCEEDED', 'SUCCEEDED'],
    ])('that %s is a conflict, and nothing is written', async (_name, stored, expected) => {
      const streamId = await streamWith(entry('a', stored));
      const before = await under.jobs(streamId);
      expect(await record(streamId, expected, entry('a', 'ERROR'))).toEqual({
        kind: 'conflict',
        status: stored,
      });
      expect(await under.jobs(streamId)).toEqual(before);
      expect((await under.changes(streamId)).filter(({ from }) => from !== null)).toEqual([]);
    });

    it('that was never listed is absent: tracking stores no new job', async () => {
      const streamId = await streamWith();
      expect(await record(streamId, 'RUNNING', entry('a', 'RUNNING'))).toEqual({ kind: 'absent' });
      expect(await under.jobs(streamId)).toEqual([]);
    });

    it('lets one of two writers that expect the same status through', async () => {
      const streamId = await streamWith(entry('a', 'RUNNING'));
      const outcomes = await Promise.all([
        record(streamId, 'RUNNING', entry('a', 'SUCCEEDED')),
        record(streamId, 'RUNNING', entry('a', 'ERROR')),
      ]);
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['conflict', 'recorded']);
      expect(await under.changes(streamId)).toHaveLength(2);
    });

    it('that the provider does not know any more is marked once, and an answer unmarks it', async () => {
      const { sink } = under;
      const streamId = await streamWith(entry('a', 'RUNNING'));
      await sink.markVanished({ table, streamId, entryKey: 'a', nowMs: 30_000 });
      await sink.markVanished({ table, streamId, entryKey: 'a', nowMs: 40_000 });
      await sink.markVanished({ table, streamId, entryKey: 'unknown', nowMs: 40_000 });
      expect((await under.jobs(streamId)).map((job) => job.vanishedAtMs)).toEqual([30_000]);
      await record(streamId, 'RUNNING', entry('a', 'RUNNING'));
      expect((await under.jobs(streamId)).map((job) => job.vanishedAtMs)).toEqual([null]);
    });

    it('keeps the walk that saw it last when tracking writes it: it does not vanish for that', async () => {
      const { sink } = under;
      const streamId = await newStream(sink);
      const { walk } = await begin(sink, { streamId, runId: 'r' });
      const { walk: next } = await store(sink, page(walk, { entries: [entry('a', 'RUNNING')] }));
      await record(streamId, 'RUNNING', entry('a', 'SUCCEEDED'));
      await sink.endWalk({ walk: next, table, ending: { outcome: 'complete' }, nowMs: 20_000 });
      expect((await under.jobs(streamId))[0]?.vanishedAtMs).toBeNull();
    });
  });

  it('the open jobs are those neither terminal nor vanished, in pages, each once', async () => {
    const { sink } = under;
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const streamId = await streamWith(
      ...keys.map((key) => entry(key, 'RUNNING')),
      entry('z', 'ERROR'),
    );
    await sink.markVanished({ table, streamId, entryKey: 'c', nowMs: 30_000 });
    const found: string[] = [];
    for (let afterId = '0'; ;) {
      const batch = await sink.openJobs({ table, streamId, afterId, limit: 3 });
      found.push(...batch.map(({ entryKey }) => entryKey));
      const last = batch.at(-1);
      if (last === undefined) break;
      afterId = last.id;
    }
    expect(found).toEqual(['a', 'b', 'd', 'e']);
  });
}
