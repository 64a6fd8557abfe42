import { describe, expect, it } from '@jest/globals';
import { followOrder } from '../../src/engine/followOrder.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import { engineDeps, fakeClock } from './engineKit.ts';
import { newOrder, orderingCloud, orderStream, refusal, type Fate } from './orderKit.ts';

const never = new AbortController().signal;
const done: Fate = { executed: true, error: null };

/** A cloud whose jobs end when they have been asked for so often. */
async function world(fates: readonly Fate[] = [], endsAfter = 5) {
  const left = [...fates];
  let asked = 0;
  const cloud = orderingCloud(({ api }) => {
    if (api === 'GetDownloadJob' && (asked += 1) === endsAfter) cloud.settle('first', 'SUCCEEDED');
    return left.shift() ?? done;
  });
  const sink = openMemorySink();
  const clock = fakeClock();
  const stream = await orderStream(sink, cloud.api);
  const { order } = await sink.intendOrder({
    ...{ streamId: stream.streamId, order: newOrder(), nowMs: clock.nowMs() },
  });
  const seen: string[] = [];
  const follow = (
    until: 'ordered' | 'settled',
    signal: AbortSignal = never,
    onProgress: () => void = () => undefined,
  ) =>
    followOrder(
      engineDeps(sink, { clock }),
      {
        ...{ stream, order, isNew: true, until },
        onProgress: ({ job, status }) => {
          seen.push(job?.status ?? status);
          onProgress();
        },
      },
      signal,
    );
  return { cloud, follow, seen };
}

describe('following an order', () => {
  it('ends when the service has taken it, where no more is asked for', async () => {
    const { cloud, follow } = await world();
    expect(await follow('ordered')).toMatchObject({
      status: 'ordered',
      job: { status: 'RUNNING' },
    });
    expect(cloud.names()).toEqual(['first']);
  });

  it('goes on to the end of its job, and shows the way there', async () => {
    const { follow, seen } = await world();
    expect(await follow('settled')).toMatchObject({ job: { status: 'SUCCEEDED' } });
    expect([seen[0], seen.at(-1)]).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('waits out throttling, and tries again what may pass, ordering once', async () => {
    const throttled = { executed: false, error: refusal('throttled', 403, 'ReadQuotaExceed') };
    const lost = { executed: true, error: refusal('transient') };
    const cut = { executed: false, error: refusal('transient', 500) };
    const { cloud, follow } = await world(
      [throttled, throttled, done, lost, cut, cut, cut, cut],
      12,
    );
    expect(await follow('settled')).toMatchObject({ job: { status: 'SUCCEEDED' } });
    expect(cloud.names()).toEqual(['first']);
  });

  it('ends with the reason where the order is refused', async () => {
    const { follow } = await world([
      { executed: false, error: refusal('rejected', 404, 'LogStoreNotExist') },
    ]);
    expect(await follow('settled')).toMatchObject({ status: 'refused', job: null });
  });

  it('gives up at once where the keys are refused', async () => {
    const { cloud, follow } = await world([
      { executed: false, error: refusal('credentials', 401) },
    ]);
    await expect(follow('settled')).rejects.toMatchObject({ kind: 'credentials' });
    expect(cloud.names()).toEqual([]);
  });

  it('ends when the job is deleted before its end', async () => {
    const { cloud, follow } = await world([], Infinity);
    const followed = await follow('settled', never, () => {
      cloud.jobs.length = 0;
    });
    expect(followed.job?.vanishedAtMs).not.toBeNull();
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const { follow } = await world([], Infinity);
    stop.abort();
    await expect(follow('settled', stop.signal)).rejects.toThrow();
  });
});
