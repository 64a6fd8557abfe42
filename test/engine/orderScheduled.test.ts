import { describe, expect, it } from '@jest/globals';
import {
  orderScheduled,
  hasOrders,
  type ScheduledExport,
} from '../../src/engine/orderScheduled.ts';
import { trackJob } from '../../src/engine/trackJob.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import { engineDeps, fakeClock, recordingLog } from './engineKit.ts';
import { newOrder, orderingCloud, orderStream, refusal, type Fate } from './orderKit.ts';

const never = new AbortController().signal;
const dayMs = 86_400_000;
const startMs = Date.parse('2026-11-01T00:00:00Z');

function daily(more: Partial<ScheduledExport> = {}): ScheduledExport {
  const { logstore, query, format, compression, powerSql, allowIncomplete } = newOrder();
  return {
    ...{ name: 'daily', stream: 'exports', retries: 2, parallel: 1 },
    spec: {
      ...{ logstore, query, format, compression, powerSql, allowIncomplete },
      ...{ roleArn: null, bucket: null, prefix: null },
    },
    windows: { everyMs: dayMs, startMs, utcOffsetMinutes: 0, settleMs: 3_600_000 },
    ...more,
  };
}

async function world(fateOf: (api: string) => Fate = () => ({ executed: true, error: null })) {
  const cloud = orderingCloud(({ api }) => fateOf(api));
  const sink = openMemorySink();
  // Five days and two hours after the start.
  const clock = fakeClock(startMs + 5 * dayMs + 2 * 3_600_000);
  const log = recordingLog();
  const stream = await orderStream(sink, cloud.api);
  const deps = { ...engineDeps(sink, { clock, log }), onOpenJobs: () => Promise.resolve() };
  const tick = (...exports: readonly ScheduledExport[]) =>
    orderScheduled(deps, { stream, exports }, never);
  /** Ends the job at the cloud, and sees it. */
  const settle = async (name: string, status: string) => {
    cloud.settle(name, status);
    const order = await sink.readOrder({ streamId: stream.streamId, name });
    await trackJob(deps, { stream, entryKey: order?.job?.entryKey ?? '' }, never);
  };
  const names = () => cloud.names();
  return { cloud, clock, deps, log, names, settle, sink, stream, tick };
}

const nameOf = (day: number, attempt = 1) =>
  `daily-2026110${day}t000000z${attempt === 1 ? '' : `-a${attempt}`}`;

describe('a scheduled export', () => {
  it('catches up with five missed days, one after another, each once', async () => {
    const { names, settle, tick } = await world();
    for (let day = 1; day <= 5; day += 1) {
      await tick(daily());
      await tick(daily());
      await settle(nameOf(day), 'SUCCEEDED');
    }
    await tick(daily());
    expect(names()).toEqual([1, 2, 3, 4, 5].map((day) => nameOf(day)));
  });

  it('has as many under way as it may', async () => {
    const { names, tick } = await world();
    await tick(daily({ parallel: 3 }));
    await tick(daily({ parallel: 3 }));
    expect(names()).toEqual([1, 2, 3].map((day) => nameOf(day)));
  });

  it('orders each day once though two do it at the same time', async () => {
    const { names, tick } = await world();
    await Promise.all([1, 2, 3].map(() => tick(daily({ parallel: 5 }))));
    expect(new Set(names()).size).toBe(5);
  });

  it('orders a failed day again after a rest, under another name, until it succeeds', async () => {
    const { clock, names, settle, sink, stream, tick } = await world();
    await tick(daily());
    await settle(nameOf(1), 'ERROR');
    clock.advance(60_000);
    await tick(daily());
    expect(names()).toEqual([nameOf(1), nameOf(1, 2)]);
    await settle(nameOf(1, 2), 'SUCCEEDED');
    await tick(daily());
    expect(names().at(-1)).toBe(nameOf(2));
    const query = { streamId: stream.streamId, export: 'daily' };
    expect((await sink.unclosedOrders(query)).map(({ name }) => name)).toEqual([nameOf(2)]);
  });

  it('gives a day up after its last attempt, says so once, and goes on with the next', async () => {
    const { clock, log, names, settle, tick } = await world();
    const once = daily({ retries: 1 });
    await tick(once);
    await settle(nameOf(1), 'ERROR');
    clock.advance(60_000);
    await tick(once);
    await settle(nameOf(1, 2), 'ERROR');
    for (let at = 0; at < 3; at += 1) await tick(once);
    expect(names()).toEqual([nameOf(1), nameOf(1, 2), nameOf(2)]);
    expect(log.lines.filter(({ event }) => event === 'export_given_up')).toMatchObject([
      { level: 'error', fields: { export: 'daily', job: nameOf(1, 2), attempt: 2 } },
    ]);
  });

  it('does not run through all days while the service refuses each', async () => {
    const rejected = { executed: false, error: refusal('rejected', 404, 'LogStoreNotExist') };
    const { clock, names, sink, stream, tick } = await world((api) =>
      api === 'CreateDownloadJob' ? rejected : { executed: true, error: null },
    );
    for (let at = 0; at < 5; at += 1) await tick(daily());
    const query = { streamId: stream.streamId, export: 'daily' };
    expect(await sink.unclosedOrders(query)).toHaveLength(1);
    clock.advance(60_000);
    await tick(daily());
    expect((await sink.unclosedOrders(query)).map(({ name }) => name)).toEqual([
      nameOf(1),
      nameOf(1, 2),
    ]);
    expect(names()).toEqual([]);
  });

  it('asks again for what a killed process left open, also what was ordered by hand', async () => {
    const { deps, names, stream, sink, tick } = await world();
    const { streamId } = stream;
    await sink.intendOrder({ streamId, order: newOrder({ name: 'by-hand' }), nowMs: 1_000 });
    expect(await hasOrders(deps, { stream, exports: [] })).toBe(true);
    expect(await tick()).toEqual({ kind: 'done', ordered: 1, refused: 0 });
    expect(names()).toEqual(['by-hand']);
    expect(await hasOrders(deps, { stream, exports: [] })).toBe(false);
  });

  it('is not held up by another one that fails, which is told in the end', async () => {
    let asked = 0;
    const { names, tick } = await world((api) => {
      if (api !== 'CreateDownloadJob') return { executed: true, error: null };
      asked += 1;
      return { executed: asked > 4, error: asked > 4 ? null : refusal('transient', 500) };
    });
    const other = daily({ name: 'other' });
    await expect(tick(daily(), other)).rejects.toMatchObject({ kind: 'transient' });
    expect(names()).toEqual(['other-20261101t000000z']);
  });

  it('waits when the budget is paused', async () => {
    const throttled = { executed: false, error: refusal('throttled', 403, 'ReadQuotaExceed') };
    const { clock, tick } = await world(() => throttled);
    expect(await tick(daily({ parallel: 5 }))).toEqual({
      ...{ kind: 'paused', resumeAtMs: clock.nowMs() + 1_000 },
    });
  });

  it('leaves a range alone whose name another order has, and says so', async () => {
    const { log, sink, stream, tick } = await world();
    const taken = newOrder({ name: nameOf(1), query: 'other' });
    await sink.intendOrder({ streamId: stream.streamId, order: taken, nowMs: 1_000 });
    await tick(daily());
    expect(log.lines.map(({ event }) => event)).toContain('export_name_taken');
  });

  it('gives up a day whose job was deleted before its end', async () => {
    const { cloud, log, settle, tick } = await world();
    await tick(daily());
    cloud.jobs.length = 0;
    await settle(nameOf(1), 'none');
    await tick(daily());
    expect(log.lines.filter(({ event }) => event === 'export_given_up')).toMatchObject([
      { fields: { state: 'gone' } },
    ]);
  });
});
