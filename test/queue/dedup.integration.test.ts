import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { describeBackends } from './backends.ts';
import { eventually } from './eventually.ts';
import { done, useQueue, walk } from './useQueue.ts';

await describeBackends('what is added to the queue', (openServer) => {
  const queue = useQueue(openServer);

  it('makes one walk of a slot that two schedulers tick at the same time', async () => {
    const other = await openQueueBackend({ location: queue.location(), log: queue.log });
    let walks = 0;
    queue.start({
      walk: () => {
        walks += 1;
        return Promise.resolve(done);
      },
    });
    await Promise.all(
      [queue.backend, other, queue.backend, other].map((one) =>
        one.add('walk', walk('exports', 1)),
      ),
    );
    await eventually(() => {
      expect(walks).toBe(1);
    });
    await sleep(300);
    expect(walks).toBe(1);
    await other.close();
  });

  it('makes one walk of a slot that is ticked again after it is done, and still walks the next slot', async () => {
    const slots: number[] = [];
    queue.start({
      walk: ({ data }) => {
        slots.push(data.slot);
        return Promise.resolve(done);
      },
    });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ completed: 1 });
    });
    await queue.backend.add('walk', walk('exports', 1));
    await queue.backend.add('walk', walk('exports', 2));
    await eventually(() => {
      expect(slots).toEqual([1, 2]);
    });
    await sleep(300);
    expect(slots).toEqual([1, 2]);
  });

  it('adds nothing while a walk of the stream is unfinished, and walks other streams beside it', async () => {
    const walked: string[] = [];
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    queue.start({
      walk: async ({ data }) => {
        walked.push(`${data.stream} ${data.slot}`);
        if (data.slot === 1) await held;
        return done;
      },
    });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(() => {
      expect(walked).toEqual(['exports 1']);
    });
    await queue.backend.add('walk', walk('exports', 2));
    await queue.backend.add('walk', walk('other', 2));
    await eventually(() => {
      expect(walked).toEqual(['exports 1', 'other 2']);
    });
    finish();
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({
        completed: 2,
        waiting: 0,
        active: 0,
      });
    });
    await queue.backend.add('walk', walk('exports', 3));
    await eventually(() => {
      expect(walked).toEqual(['exports 1', 'other 2', 'exports 3']);
    });
  });

  it('frees a stream whose deduplication id is held by a finished walk', async () => {
    const slots: number[] = [];
    queue.start({
      walk: ({ data }) => {
        slots.push(data.slot);
        return Promise.resolve(done);
      },
    });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ completed: 1 });
    });
    // What a process leaves that dies between a late tick and its clean-up; only PostgreSQL keeps the id.
    const data = walk('exports', 1);
    await queue.backend.queues.walk.add('walk', data, {
      jobId: 'walk-exports-1',
      deduplication: { id: 'walk-exports' },
    });
    await queue.backend.add('walk', walk('exports', 2));
    await eventually(() => {
      expect(slots).toEqual([1, 2]);
    });
  });

  it('tracks each download job once, however often it is re-queued', async () => {
    const tracked: string[] = [];
    queue.start({
      track: async ({ data }) => {
        tracked.push(data.entryKey);
        await sleep(200);
        return { kind: 'later', atMs: Date.now() + 60_000 };
      },
    });
    const jobs = Array.from({ length: 40 }, (_, index) => ({
      stream: 'exports',
      entryKey: `job ${index} : \u{1F600} 1`,
    }));
    await queue.backend.addAll('track', jobs);
    await queue.backend.addAll('track', jobs);
    await eventually(async () => {
      expect(await queue.backend.counts('track')).toMatchObject({ delayed: 40, active: 0 });
    });
    await queue.backend.addAll('track', jobs);
    await sleep(300);
    expect(tracked.toSorted()).toEqual(jobs.map(({ entryKey }) => entryKey).toSorted());
  });

  it('tries a failed track anew when asked, and leaves the ones that are not wanted', async () => {
    let failing = true;
    queue.start({
      track: () => {
        const refusal = new SourceError('rejected', 'no permission', {
          detail: { api: 'GetDownloadJob' },
        });
        return failing ? Promise.reject(refusal) : Promise.resolve(done);
      },
    });
    await queue.backend.addAll('track', [
      { stream: 'exports', entryKey: 'a' },
      { stream: 'gone', entryKey: 'b' },
    ]);
    await eventually(async () => {
      expect(await queue.backend.counts('track')).toMatchObject({ failed: 2 });
    });
    failing = false;
    const where = ({ stream }: { stream: string }): boolean => stream === 'exports';
    const early = await queue.backend.retryFailed('track', {
      failedBeforeMs: Date.now() - 60_000,
      where,
    });
    const retried = await queue.backend.retryFailed('track', {
      failedBeforeMs: Date.now() + 1,
      where,
    });
    expect([early, retried]).toEqual([0, 1]);
    await eventually(async () => {
      expect(await queue.backend.counts('track')).toMatchObject({
        failed: 1,
        active: 0,
        waiting: 0,
      });
    });
  });
});
