import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SinkUnderTest } from './harness.ts';
import { entry } from './harness.ts';
import { dayMs, firstMs, newOrder, orderWorld } from './ordersKit.ts';

/** Exports that are ordered. */
export function orderContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });
  const world = () => orderWorld(under.sink);

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
          ...{ intendedAtMs: 5_000, orderedAtMs: null, refusedAtMs: null },
          ...{ closedAtMs: null, job: null },
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
      const closed = await sink.readOrder({ streamId, name: 'one' });
      expect(closed?.closedAtMs).toBe(9_000);
    });
  });
}
