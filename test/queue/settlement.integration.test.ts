import { expect, it } from '@jest/globals';
import { SourceError } from '../../src/providers/sourceError.ts';
import { describeBackends } from './backends.ts';
import { eventually } from './eventually.ts';
import { done, useQueue, walk } from './useQueue.ts';

await describeBackends('what becomes of a queue job', (openServer) => {
  const queue = useQueue(openServer);

  it('spends no attempt on waiting, however often a job waits', async () => {
    const attempts: number[] = [];
    queue.start({
      track: ({ attempt }) => {
        attempts.push(attempt.number);
        return Promise.resolve(
          attempts.length < 8 ? { kind: 'later', atMs: Date.now() + 20 } : done,
        );
      },
    });
    await queue.backend.addAll('track', [{ stream: 'exports', entryKey: 'a' }]);
    await eventually(() => {
      expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    });
  });

  it('does not start a waiting job before its time', async () => {
    const started: number[] = [];
    const atMs = Date.now() + 1_500;
    queue.start({
      track: () => {
        started.push(Date.now());
        return Promise.resolve(started.length === 1 ? { kind: 'later', atMs } : done);
      },
    });
    await queue.backend.addAll('track', [{ stream: 'exports', entryKey: 'a' }]);
    await eventually(() => {
      expect(started).toHaveLength(2);
    });
    expect(started[1]).toBeGreaterThanOrEqual(atMs);
  });

  it('retries a failure after a delay that grows, within the jitter', async () => {
    const starts: number[] = [];
    queue.start({
      maintain: () => {
        starts.push(Date.now());
        return starts.length < 2 ? Promise.reject(new Error('away')) : Promise.resolve(done);
      },
    });
    await queue.backend.add('maintain', { slot: 1 });
    let delayMs = 0;
    await eventually(async () => {
      const [waiting] = await queue.backend.queues.maintain.getJobs(['delayed']);
      delayMs = waiting?.delay ?? 0;
      expect(delayMs).toBeGreaterThanOrEqual(1_000);
    });
    expect(delayMs).toBeLessThanOrEqual(2_000);
    await eventually(() => {
      expect(starts).toHaveLength(2);
    });
    const [first = 0, second = 0] = starts;
    expect(second - first).toBeGreaterThanOrEqual(delayMs);
    expect(queue.log.events()).toContain('queue_job_retried');
  });

  it('ends a job that keeps failing in the failed set, with an error line', async () => {
    queue.start({ maintain: () => Promise.reject(new Error('no luck')) });
    await queue.backend.add('maintain', { slot: 1 });
    await eventually(async () => {
      expect(await queue.backend.counts('maintain')).toMatchObject({ failed: 1 });
    });
    // The line follows what the queue has stored.
    await eventually(() => {
      expect(queue.log.events()).toEqual(['queue_job_retried', 'queue_job_failed']);
    });
  });

  it('ends a refused request in the failed set at once, and walks the next slot', async () => {
    const slots: number[] = [];
    queue.start({
      walk: ({ data }) => {
        slots.push(data.slot);
        const refusal = new SourceError('rejected', 'ProjectNotExist', {
          detail: { api: 'ListDownloadJobs', status: 404 },
        });
        return data.slot === 1 ? Promise.reject(refusal) : Promise.resolve(done);
      },
    });
    await queue.backend.add('walk', walk('exports', 1));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ failed: 1 });
    });
    await queue.backend.add('walk', walk('exports', 2));
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ failed: 1, completed: 1 });
    });
    expect(slots).toEqual([1, 2]);
  });

  it('keeps secrets, NUL characters and lone surrogates out of a stored failure', async () => {
    const message =
      'GET https://bucket/x?Signature=abcdef failed: \0 \uD800 AccessKeyId=LTAIabcdefgh';
    queue.start({ maintain: () => Promise.reject(new Error(message)) });
    await queue.backend.add('maintain', { slot: 1 });
    await eventually(async () => {
      expect(await queue.backend.counts('maintain')).toMatchObject({ failed: 1 });
    });
    const [job] = await queue.backend.queues.maintain.getJobs(['failed']);
    expect(job?.failedReason).toBe(
      'GET https://bucket/x?[withheld] failed: \uFFFD \uFFFD AccessKeyId=[withheld]',
    );
    expect(JSON.stringify(job?.stacktrace)).not.toMatch(/abcdef/);
  });

  it('completes a job whose note holds what no database text can hold', async () => {
    queue.start({
      maintain: () => Promise.resolve({ kind: 'done', note: { reason: 'cut \0 at \uD800' } }),
    });
    await queue.backend.add('maintain', { slot: 1 });
    await eventually(async () => {
      expect(await queue.backend.counts('maintain')).toMatchObject({ completed: 1, failed: 0 });
    });
    const [job] = await queue.backend.queues.maintain.getJobs(['completed']);
    expect(job?.returnvalue).toEqual({ reason: 'cut \uFFFD at \uFFFD' });
  });

  it('refuses a wrong payload at once, without running the processor', async () => {
    let ran = false;
    queue.start({
      walk: () => {
        ran = true;
        return Promise.resolve(done);
      },
    });
    await queue.backend.queues.walk.add('walk', { stream: 7, secret: 'do not print' });
    await eventually(async () => {
      expect(await queue.backend.counts('walk')).toMatchObject({ failed: 1 });
    });
    const [job] = await queue.backend.queues.walk.getJobs(['failed']);
    expect(ran).toBe(false);
    expect(job?.failedReason).toMatch(/refused a walk job with a wrong payload/);
    expect(job?.failedReason).not.toMatch(/do not print/);
  });
});
