import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { describeBackends } from './backends.ts';
import { eventually } from './eventually.ts';
import { done, useQueue, walk } from './useQueue.ts';
import type { Processors } from '../../src/queue/processor.ts';

/** A job that takes this long ends only by being told to. */
const longerThanTheTestMs = 600_000;

await describeBackends('stopping workers and queues', (openServer) => {
  const queue = useQueue(openServer);

  it('lets a running job finish within the grace of a shutdown', async () => {
    let finished = false;
    const running = queue.start({
      walk: async () => {
        await sleep(500);
        finished = true;
        return done;
      },
    });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ active: 1 });
    });
    await running.close(5_000);
    expect(finished).toBe(true);
    expect(await queue.backend.counts('walk')).toMatchObject({ completed: 1 });
  });

  it('returns a job cut off by a shutdown at once, with no attempt spent', async () => {
    const attempts: number[] = [];
    const process: Processors['walk'] = async ({ attempt }, signal) => {
      attempts.push(attempt.number);
      if (attempts.length < 3) await sleep(longerThanTheTestMs, undefined, { signal });
      return done;
    };
    for (const round of [1, 2]) {
      const running = queue.start({ walk: process });
      if (round === 1) await queue.backend.add('walk', walk('exports', 1));
      await eventually(() => {
        expect(attempts).toHaveLength(round);
      });
      await running.close(100);
      expect(await queue.backend.counts('walk')).toMatchObject({
        waiting: 1,
        active: 0,
        failed: 0,
      });
    }
    queue.start({ walk: process });
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ completed: 1 });
    });
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('is bounded when a job does not stop', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = queue.start({ walk: () => held.then(() => done) });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ active: 1 });
    });
    await running.close(0);
    expect(queue.log.events()).toContain('jobs_left');
    release();
  });

  it('counts a paused queue', async () => {
    await queue.backend.queues.walk.pause();
    await queue.backend.add('walk', walk('exports', 1));
    const { paused = 0, waiting = 0 } = await queue.backend.counts('walk');
    expect(paused + waiting).toBe(1);
    await queue.backend.queues.walk.resume();
  });

  it('answers a ping, and closes twice without complaint', async () => {
    const other = await openQueueBackend({ location: queue.location(), log: queue.log });
    await expect(other.ping()).resolves.toBeUndefined();
    await other.close();
    await expect(other.close()).resolves.toBeUndefined();
  });
});
