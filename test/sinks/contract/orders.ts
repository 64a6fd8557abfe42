import { beforeAll, describe, expect, it } from '@jest/globals';
import type { NewOrder } from '../../../src/sinks/sink.ts';
import type { SinkUnderTest } from './harness.ts';
import { begin, completeWalk, entry, newStream, page, store, table, terminal } from './harness.ts';

const dayMs = 86_400_000;
const firstMs = Date.parse('2026-11-01T00:00:00Z');

/** An order by hand; with `export`, one of day `day` of that export. */
function newOrder(
  name: string,
  more: Partial<NewOrder> & { readonly day?: number } = {},
): NewOrder {
  const { day = 0, ...rest } = more;
  return {
    ...{
      name,
      displayName: `${name} shown`,
      description: 'Ordered by a test',
      logstore: 'app_log',
    },
    ...{ query: 'level: "ERROR"', format: 'json', compression: 'zstd', powerSql: true },
    ...{ fromMs: firstMs + day * dayMs, toMs: firstMs + (day + 1) * dayMs, allowIncomplete: false },
    ...{ roleArn: null, bucket: 'b', prefix: null, export: null, attempt: 1 },
    ...rest,
  };
}

/** Exports that are ordered. */
export function orderContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  async function world() {
    const { sink } = under;
    const streamId = await newStream(sink);
    const intend = (order: NewOrder, nowMs = 5_000) => sink.intendOrder({ streamId, order, nowMs });
    const note = (orderId: string, job: ReturnType<typeof entry>, nowMs = 7_000) =>
      sink.noteJob({
        ...{ table, terminal, streamId, orderId, entry: job, drift: [] },
        ...{ askedAtMs: nowMs, nowMs },
      });
    const openNames = async () =>
      (await sink.openOrders({ streamId, afterId: '0', limit: 100 })).map(({ name }) => name);
    const read = (name: string) => sink.readOrder({ streamId, name });
    return { sink, streamId, intend, note, openNames, read };
  }

  describe('an order', () => {
    it('is stored before anything is asked, with every parameter', async () => {
      const { streamId, intend, read } = await world();
      const order = newOrder('by-hand');
      const intended = await intend(order);
      expect(intended).toEqual({
        kind: 'new',
        order: {
          ...order,
          ...{ id: intended.order.id, streamId, status: 'intended', errorMessage: null },
          ...{ intendedAtMs: 5_000, orderedAtMs: null, refusedAtMs: null, job: null },
        },
      });
      expect(await read('by-hand')).toEqual(intended.order);
      expect(await read('nobody')).toBeNull();
    });

    it('that is known by its name stays as it is, whatever is asked under that name', async () => {
      const { intend } = await world();
      const { order } = await intend(newOrder('one'));
      const again = await intend(newOrder('one', { query: 'other' }), 6_000);
      expect(again).toEqual({ kind: 'known', order });
    });

    it('is another one in another stream', async () => {
      const [one, other] = [await world(), await world()];
      await one.intend(newOrder('same'));
      expect((await other.intend(newOrder('same'))).kind).toBe('new');
    });

    it('of a range and attempt of a scheduled export is there once, whatever it is called', async () => {
      const { intend } = await world();
      const first = await intend(newOrder('a', { export: 'daily' }));
      expect(await intend(newOrder('b', { export: 'daily' }))).toEqual({
        ...{ kind: 'known', order: first.order },
      });
      const kinds = [
        await intend(newOrder('c', { export: 'daily', attempt: 2 })),
        await intend(newOrder('d', { export: 'daily', day: 1 })),
        await intend(newOrder('e', { export: 'hourly' })),
      ].map(({ kind }) => kind);
      expect(kinds).toEqual(['new', 'new', 'new']);
    });

    it('intended by many at once is new for one of them', async () => {
      const { intend } = await world();
      const order = newOrder('raced', { export: 'daily' });
      const all = await Promise.all(Array.from({ length: 6 }, () => intend(order)));
      expect(all.filter(({ kind }) => kind === 'new')).toHaveLength(1);
      expect(new Set(all.map(({ order: { id } }) => id)).size).toBe(1);
    });

    it('keeps a text that no database can hold as one that it can', async () => {
      const { intend } = await world();
      const { order } = await intend(newOrder('nul', { query: 'a\0b' }));
      expect(order.query).toBe('a\u{FFFD}b');
    });
  });

  describe('an open order', () => {
    it('is one that the service may not have, or whose job was not seen', async () => {
      const { sink, intend, note, openNames } = await world();
      const ids = new Map<string, string>();
      for (const name of ['intended', 'taken', 'seen', 'refused']) {
        ids.set(name, (await intend(newOrder(name))).order.id);
      }
      const idOf = (name: string) => ids.get(name) ?? '';
      await sink.recordOrdered({ orderId: idOf('taken'), nowMs: 6_000 });
      await note(idOf('seen'), entry('seen@1', 'RUNNING'));
      const refusal = { orderId: idOf('refused'), reason: 'no', nowMs: 6_000 } as const;
      await sink.recordRefused({ ...refusal, expectedStatus: 'intended' });
      expect(await openNames()).toEqual(['intended', 'taken']);
    });

    it('comes page by page', async () => {
      const { sink, streamId, intend } = await world();
      for (const name of ['aa', 'bb', 'cc']) await intend(newOrder(name));
      const first = await sink.openOrders({ streamId, afterId: '0', limit: 2 });
      const afterId = first.at(-1)?.id ?? '';
      const rest = await sink.openOrders({ streamId, afterId, limit: 2 });
      expect([first, rest].map((part) => part.map(({ name }) => name))).toEqual([
        ['aa', 'bb'],
        ['cc'],
      ]);
    });

    it('keeps why the last try failed until it is taken', async () => {
      const { sink, intend, read } = await world();
      const { id: orderId } = (await intend(newOrder('tried'))).order;
      await sink.noteOrderError({ orderId, error: 'no answer' });
      expect(await read('tried')).toMatchObject({ status: 'intended', errorMessage: 'no answer' });
      await sink.recordOrdered({ orderId, nowMs: 6_000 });
      expect(await read('tried')).toMatchObject({ errorMessage: null, orderedAtMs: 6_000 });
    });
  });

  describe('the end of an order', () => {
    it('is told once: neither is a refused one ordered, nor one refused whose job was seen', async () => {
      const { sink, intend, note, read } = await world();
      const refusedId = (await intend(newOrder('refused'))).order.id;
      const refusal = { reason: 'LogStoreNotExist', expectedStatus: 'intended' } as const;
      const refuse = (orderId: string) => sink.recordRefused({ ...refusal, orderId, nowMs: 6_000 });
      expect([await refuse(refusedId), await refuse(refusedId)]).toEqual([true, false]);
      expect(await sink.recordOrdered({ orderId: refusedId, nowMs: 7_000 })).toBe(false);
      expect(await note(refusedId, entry('refused@1', 'RUNNING'))).toBeNull();
      expect(await read('refused')).toMatchObject({
        ...{ status: 'refused', refusedAtMs: 6_000, errorMessage: 'LogStoreNotExist', job: null },
      });
      const seenId = (await intend(newOrder('seen'))).order.id;
      await note(seenId, entry('seen@1', 'RUNNING'));
      const late = { orderId: seenId, reason: 'late', nowMs: 9_000 } as const;
      expect(await sink.recordRefused({ ...late, expectedStatus: 'ordered' })).toBe(false);
      await sink.noteOrderError({ orderId: seenId, error: 'late' });
      expect(await read('seen')).toMatchObject({ status: 'ordered', errorMessage: null });
    });

    it('may be a refusal also where the service took it, and has no job of it', async () => {
      const { sink, intend, read } = await world();
      const orderId = (await intend(newOrder('lost'))).order.id;
      await sink.recordOrdered({ orderId, nowMs: 6_000 });
      const lost = { orderId, reason: 'lost', nowMs: 9_000 } as const;
      expect(await sink.recordRefused({ ...lost, expectedStatus: 'intended' })).toBe(false);
      expect(await sink.recordRefused({ ...lost, expectedStatus: 'ordered' })).toBe(true);
      expect(await read('lost')).toMatchObject({ status: 'refused', orderedAtMs: 6_000 });
    });
  });

  describe('the job of an order', () => {
    it('is a new row when no walk has listed it, open, with its first change, and its order knows it', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const orderId = (await intend(newOrder('fresh'))).order.id;
      const columns = { name: 'fresh', progress: 12, error_message: null };
      const job = entry('fresh@1', 'RUNNING', { jobKey: 'fresh', columns, progressPercent: 12 });
      expect(await note(orderId, job)).toEqual({ entryKey: 'fresh@1', status: 'RUNNING' });
      expect(await under.jobs(streamId)).toMatchObject([
        {
          ...{ key: 'fresh@1', jobKey: 'fresh', status: 'RUNNING', lastSeenWalkId: null },
          ...{ firstSeenAtMs: 7_000, settledAtMs: null, vanishedAtMs: null },
        },
      ]);
      expect(await under.changes(streamId)).toMatchObject([
        { key: 'fresh@1', from: null, to: 'RUNNING', observedAtMs: 7_000 },
      ]);
      const openJobs = await sink.openJobs({ table, streamId, afterId: '0', limit: 9 });
      expect(openJobs.map(({ entryKey }) => entryKey)).toEqual(['fresh@1']);
      expect((await read('fresh'))?.job).toEqual({
        ...{ entryKey: 'fresh@1', status: 'RUNNING', progressPercent: 12, errorMessage: null },
        ...{ settledAtMs: null, vanishedAtMs: null },
      });
    });

    it('tells its order how it ended', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const orderId = (await intend(newOrder('ends'))).order.id;
      await note(orderId, entry('ends@1', 'STARTING'));
      const columns = { name: 'ends', error_message: 'timeout' };
      await sink.recordJob({
        ...{ table, terminal, streamId, expectedStatus: 'STARTING', drift: [], nowMs: 8_000 },
        entry: entry('ends@1', 'ERROR', { columns }),
      });
      expect((await read('ends'))?.job).toMatchObject({
        ...{ status: 'ERROR', errorMessage: 'timeout', settledAtMs: 8_000 },
      });
    });

    it('noted twice changes nothing', async () => {
      const { streamId, intend, note } = await world();
      const orderId = (await intend(newOrder('twice'))).order.id;
      const job = entry('twice@1', 'RUNNING');
      await note(orderId, job);
      const before = [await under.jobs(streamId), await under.changes(streamId)];
      expect(await note(orderId, job)).toEqual({ entryKey: 'twice@1', status: 'RUNNING' });
      expect([await under.jobs(streamId), await under.changes(streamId)]).toEqual(before);
    });

    it('that a walk has listed before is that row, moved on', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      await store(sink, page(walk, { entries: [entry('listed@1', 'STARTING')], nowMs: 6_000 }));
      const orderId = (await intend(newOrder('listed'))).order.id;
      await note(orderId, entry('listed@1', 'SUCCEEDED'), 20_000);
      expect(await under.jobs(streamId)).toMatchObject([
        { key: 'listed@1', status: 'SUCCEEDED', settledAtMs: 20_000, lastSeenWalkId: walk.walkId },
      ]);
    });

    it('never leaves a terminal status', async () => {
      const { sink, streamId, intend, note } = await world();
      await completeWalk(sink, {
        ...{ streamId, runId: 'w', entries: [entry('over@1', 'ERROR')], nowMs: 6_000 },
      });
      const orderId = (await intend(newOrder('over'))).order.id;
      expect(await note(orderId, entry('over@1', 'RUNNING'), 20_000)).toEqual({
        ...{ entryKey: 'over@1', status: 'ERROR' },
      });
    });

    it('is listed by a walk under way as the same row, and the walk is not fenced off', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('meanwhile'))).order.id;
      await note(orderId, entry('meanwhile@1', 'RUNNING'));
      const stored = await store(sink, page(walk, { entries: [entry('meanwhile@1', 'RUNNING')] }));
      expect([stored.inserted, stored.duplicates]).toEqual([0, 1]);
      expect(await under.jobs(streamId)).toHaveLength(1);
    });

    it('is stored once when it is noted and listed at the same time', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('raced'))).order.id;
      const job = entry('raced@1', 'RUNNING');
      await Promise.all([
        note(orderId, job),
        store(sink, page(walk, { entries: [job] })),
        note(orderId, job),
      ]);
      expect((await under.jobs(streamId)).map(({ key }) => key)).toEqual(['raced@1']);
    });

    it('does not vanish by a walk that began before it was there', async () => {
      const { sink, streamId, intend, note } = await world();
      const { walk } = await begin(sink, { streamId, runId: 'w' });
      const orderId = (await intend(newOrder('young'))).order.id;
      await note(orderId, entry('young@1', 'RUNNING'));
      const ended = await sink.endWalk({
        ...{ walk, table, ending: { outcome: 'complete' }, nowMs: 30_000 },
      });
      expect(ended).toMatchObject({ vanished: 0 });
    });

    it('is the newest of its name where the answer does not tell them apart', async () => {
      const { sink, streamId, intend, note, read } = await world();
      const named = (key: string, status: string) => entry(key, status, { jobKey: 'named' });
      await completeWalk(sink, {
        ...{ streamId, runId: 'w', nowMs: 6_000 },
        entries: [named('named@1', 'ERROR'), named('named@2', 'RUNNING')],
      });
      const orderId = (await intend(newOrder('named'))).order.id;
      expect(await note(orderId, named('named', 'RUNNING'), 20_000)).toMatchObject({
        entryKey: 'named@2',
      });
      expect((await read('named'))?.job?.entryKey).toBe('named@2');
    });
  });

  describe('a scheduled export', () => {
    it('knows the ranges that were ever ordered; those that touch are one', async () => {
      const { sink, streamId, intend } = await world();
      for (const day of [4, 0, 1]) await intend(newOrder(`d-${day}`, { export: 'daily', day }));
      await intend(newOrder('again', { export: 'daily', attempt: 2 }));
      await intend(newOrder('by-hand', { day: 2 }));
      const days = (await sink.orderedRanges({ streamId, export: 'daily' })).map((range) =>
        [range.fromMs, range.toMs].map((ms) => (ms - firstMs) / dayMs),
      );
      expect(days).toEqual([
        [0, 2],
        [4, 5],
      ]);
      expect(await sink.orderedRanges({ streamId, export: 'none' })).toEqual([]);
    });

    it('looks after its orders until they are closed, with all attempts, once', async () => {
      const { sink, streamId, intend } = await world();
      await intend(newOrder('one', { export: 'daily' }));
      const second = await intend(newOrder('two', { export: 'daily', attempt: 2 }));
      await intend(newOrder('next', { export: 'daily', day: 1 }));
      const unclosed = async () =>
        (await sink.unclosedOrders({ streamId, export: 'daily' })).map(({ name }) => name);
      expect(await unclosed()).toEqual(['one', 'two', 'next']);
      const close = { orderId: second.order.id, nowMs: 9_000 };
      expect([await sink.closeOrder(close), await sink.closeOrder(close)]).toEqual([true, false]);
      expect(await unclosed()).toEqual(['next']);
    });
  });
}
