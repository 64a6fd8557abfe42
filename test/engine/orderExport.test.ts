import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { markedDescription } from '../../src/domain/exportOrder.ts';
import { orderExport, type OrderOutcome } from '../../src/engine/orderExport.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import type { NewOrder, Sink } from '../../src/sinks/sink.ts';
import { engineDeps, fakeClock, recordingLog } from './engineKit.ts';
import { newOrder, orderingCloud, orderStream, refusal, type Fate } from './orderKit.ts';

const never = new AbortController().signal;
const done: Fate = { executed: true, error: null };

/** The process is gone at this moment. */
class Crash extends Error {}

/** A cloud whose requests meet these fates, and then none; a sink that is cut off at these of its writes. */
async function world(fates: readonly Fate[] = [], crashes: ReadonlySet<number> = new Set()) {
  const left = [...fates];
  const cloud = orderingCloud(() => left.shift() ?? done);
  const memory = openMemorySink();
  let writes = 0;
  /** Even numbers: before the write; odd ones: after it. */
  const cut =
    <Given, Out>(write: (given: Given) => Promise<Out>) =>
    async (given: Given): Promise<Out> => {
      const at = writes;
      writes += 1;
      if (crashes.has(2 * at)) throw new Crash();
      const out = await write(given);
      if (crashes.has(2 * at + 1)) throw new Crash();
      return out;
    };
  const sink: Sink = {
    ...memory,
    intendOrder: cut((intent) => memory.intendOrder(intent)),
    recordOrdered: cut((record) => memory.recordOrdered(record)),
    noteJob: cut((note) => memory.noteJob(note)),
    recordRefused: cut((record) => memory.recordRefused(record)),
    noteOrderError: cut((note) => memory.noteOrderError(note)),
  };
  const clock = fakeClock();
  const stream = await orderStream(sink, cloud.api);
  const followed: string[] = [];
  const deps = {
    ...engineDeps(sink, { clock, log: recordingLog() }),
    onOpenJobs: async (jobs: readonly { entryKey: string }[]) => {
      followed.push(...jobs.map(({ entryKey }) => entryKey));
    },
  };
  /** As a process does that is asked for it: what is stored says whether it was asked for before. */
  const order = async (given: NewOrder = newOrder()): Promise<OrderOutcome> => {
    const { streamId } = stream;
    const intended = await sink.intendOrder({ streamId, order: given, nowMs: clock.nowMs() });
    const asked = { stream, order: intended.order, isNew: intended.kind === 'new' };
    return orderExport(deps, asked, never);
  };
  const stored = async (name = 'first') => {
    const found = await memory.readOrder({ streamId: stream.streamId, name });
    if (found === null) throw new Error('the order is not stored');
    return found;
  };
  return { cloud, clock, sink, stream, deps, order, stored, followed };
}

const lost: Fate = { executed: true, error: refusal('transient') };
const cut: Fate = { executed: false, error: refusal('transient', 500) };

describe('an export', () => {
  it('is ordered once, and its job stored and followed at once', async () => {
    const { cloud, order, stored, followed } = await world();
    expect(await order()).toEqual({
      kind: 'ordered',
      job: { entryKey: 'first@1760000000', status: 'RUNNING' },
    });
    expect(cloud.executions('first')).toBe(1);
    expect(await stored()).toMatchObject({ status: 'ordered', job: { status: 'RUNNING' } });
    expect(followed).toEqual(['first@1760000000']);
  });

  it('is asked for with every parameter', async () => {
    const { cloud, order } = await world();
    const place = { roleArn: 'acs:ram::1:role/x', bucket: 'b', prefix: 'p/' };
    await order(newOrder({ ...place, powerSql: true, allowIncomplete: true, compression: 'zstd' }));
    expect(cloud.jobs).toMatchObject([
      {
        ...{ name: 'first', displayName: 'first', description: 'by a test' },
        configuration: {
          ...{ logstore: 'app_log', query: 'level: ERROR', powerSql: true, allowInComplete: true },
          ...{ fromTime: 1_793_491_200, toTime: 1_793_577_600 },
          sink: { type: 'AliyunOSS', contentType: 'csv', compressionType: 'zstd', ...place },
        },
      },
    ]);
  });

  it.each<[string, readonly Fate[]]>([
    ['was lost', [lost]],
    ['was no answer at all', [{ executed: true, error: refusal('drift', 200) }]],
    ['was lost, and the question for the job too', [lost, cut, cut]],
  ])('is not ordered again where the answer %s', async (_what, fates) => {
    const { cloud, order, stored } = await world(fates);
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect([cloud.executions('first'), (await stored()).status]).toEqual([1, 'ordered']);
  });

  it('is ordered again where the job is not there', async () => {
    const { cloud, order } = await world([cut, done, cut]);
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect(cloud.executions('first')).toBe(1);
  });

  it('fails after four tries that came to nothing, and stays open with the reason', async () => {
    const missing = done;
    const { cloud, order, stored } = await world([cut, missing, cut, missing, cut, missing, cut]);
    await expect(order()).rejects.toMatchObject({ kind: 'transient' });
    expect(cloud.executions('first')).toBe(0);
    expect(await stored()).toMatchObject({ status: 'intended', errorMessage: 'transient ' });
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect(await stored()).toMatchObject({ errorMessage: null });
  });

  it('is found by its name after a crash, not ordered again', async () => {
    const { cloud, order } = await world([{ executed: true, error: new Crash() }]);
    await expect(order()).rejects.toThrow(Crash);
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect(cloud.executions('first')).toBe(1);
  });

  it('waits out throttling, and is not taken for asked', async () => {
    const { cloud, clock, order, stored } = await world([
      { executed: false, error: refusal('throttled', 403, 'ReadQuotaExceed') },
    ]);
    expect(await order()).toEqual({ kind: 'paused', resumeAtMs: clock.nowMs() + 1_000 });
    expect((await stored()).status).toBe('intended');
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect(cloud.executions('first')).toBe(1);
  });

  it('is refused with the reason where the service does not take it', async () => {
    const rejected = { executed: false, error: refusal('rejected', 404, 'LogStoreNotExist') };
    const { order, stored } = await world([rejected]);
    const reason = 'rejected LogStoreNotExist';
    expect(await order()).toEqual({ kind: 'refused', reason });
    expect(await stored()).toMatchObject({ status: 'refused', errorMessage: reason });
    expect(await order()).toEqual({ kind: 'refused', reason });
  });

  it('is refused where even the question for it is, for the same reason', async () => {
    const rejected = { executed: false, error: refusal('rejected', 404, 'ProjectNotExist') };
    const { order } = await world([rejected, rejected]);
    expect(await order()).toMatchObject({ kind: 'refused' });
  });

  it('that is said to exist already is its own job', async () => {
    const taken = {
      executed: true,
      error: refusal('rejected', 400, 'IdempotentParameterMismatch'),
    };
    const { cloud, order } = await world([taken]);
    expect(await order()).toMatchObject({ kind: 'ordered' });
    expect(cloud.executions('first')).toBe(1);
  });

  it('does not take a job of its name that exports something else', async () => {
    const { cloud, order, sink, stream } = await world([cut, cut, cut, cut, cut]);
    await expect(order()).rejects.toThrow(SourceError);
    const { jobs } = cloud;
    jobs.push({ name: 'first', status: 'RUNNING', configuration: { query: 'other', toTime: 5 } });
    expect(await order()).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(/first is taken by a job .* \(query, to\)/),
    });
    const query = { streamId: stream.streamId, afterId: '0', limit: 9 };
    expect(await sink.openOrders(query)).toEqual([]);
  });

  it('takes a job that bears its mark for its own, however the service writes the rest', async () => {
    const marked = newOrder({ description: markedDescription('by a test', 0.5) });
    const { cloud, order, stored } = await world([lost, cut, cut, cut, cut]);
    await expect(order(marked)).rejects.toThrow(SourceError);
    const [job] = cloud.jobs;
    cloud.jobs[0] = { ...job, configuration: { query: 'select rewritten', logstore: 'app_log' } };
    expect(await order(marked)).toMatchObject({ kind: 'ordered' });
    expect([cloud.executions('first'), (await stored()).status]).toEqual([1, 'ordered']);
  });

  it('takes the job that the service has just made for it for its own, whatever it looks like', async () => {
    const { cloud, order, deps, stream, stored } = await world([done, cut, cut, cut, cut]);
    expect(await order()).toEqual({ kind: 'ordered', job: null });
    const [job] = cloud.jobs;
    cloud.jobs[0] = { ...job, description: 'gone', configuration: { query: 'rewritten' } };
    const asked = { stream, order: await stored(), isNew: false };
    expect(await orderExport(deps, asked, never)).toMatchObject({ kind: 'ordered' });
    expect((await stored()).job).toMatchObject({ status: 'RUNNING' });
  });

  it('that was taken and is not shown yet stays open, and is refused once it must be lost', async () => {
    const notShown = { executed: false, error: refusal('rejected', 404, 'JobNotExist') };
    const { clock, order } = await world([done, notShown, notShown, notShown]);
    expect(await order()).toEqual({ kind: 'ordered', job: null });
    expect(await order()).toEqual({ kind: 'ordered', job: null });
    clock.advance(11 * 60_000);
    expect(await order()).toMatchObject({ kind: 'refused' });
  });

  const fate = fc.oneof(
    { weight: 3, arbitrary: fc.constant(done) },
    fc.record({
      executed: fc.boolean(),
      error: fc
        .constantFrom<() => Error>(
          () => refusal('transient'),
          () => refusal('drift', 200),
          () => new Crash(),
        )
        .map((make) => make()),
    }),
    fc.record({
      executed: fc.constant(false),
      error: fc.constantFrom(refusal('throttled', 403), refusal('credentials', 401)),
    }),
  );
  const crashes = fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 4 });

  it('is executed once, whatever fails and wherever its process is killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 12 }), crashes, async (fates, cuts) => {
        const { cloud, order, stored } = await world(fates, new Set(cuts));
        const executions: number[] = [];
        for (let run = 0; run < 20; run += 1) {
          await order().catch((error: unknown) => {
            if (!(error instanceof Crash) && !(error instanceof SourceError)) throw error;
          });
          executions.push(cloud.executions('first'));
        }
        expect(Math.max(...executions)).toBe(1);
        expect(await stored()).toMatchObject({ status: 'ordered', job: { status: 'RUNNING' } });
      }),
      { numRuns: 300 },
    );
  });

  it('is executed twice by one who does not look for it first: the proof can fail', async () => {
    const { cloud, deps, order, stored, stream } = await world([
      { executed: true, error: new Crash() },
    ]);
    await expect(order()).rejects.toThrow(Crash);
    await orderExport(deps, { stream, order: await stored(), isNew: true }, never);
    expect(cloud.executions('first')).toBe(2);
  });
});
