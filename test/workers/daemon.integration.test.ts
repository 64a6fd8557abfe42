import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { describeBackends } from '../queue/backends.ts';
import { eventually } from '../queue/eventually.ts';
import { recordingLog } from '../queue/recordingLog.ts';
import { hardlyEver, installSome } from './someDaemon.ts';
import type { QueueServer } from '../queue/backends.ts';
import type { SomeInstallation } from './someDaemon.ts';

await describeBackends('the daemon', (openServer) => {
  let server: QueueServer;
  let some: SomeInstallation;

  beforeEach(async () => {
    server = await openServer();
    some = await installSome(server.location);
  });
  afterEach(async () => {
    await server.close();
  });

  it('walks at the tick, tracks what it finds, and follows it to its end', async () => {
    for (let job = 0; job < 25; job += 1) some.cloud.add(`export-${job}`);
    const daemon = await some.start();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ entries: 25, openJobs: 25 });
    });
    some.cloud.finishAll();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ entries: 25, openJobs: 0 });
    });
    await daemon.stop();
    expect(some.log.events()).toContain('walk_finished');
    expect(some.log.events()).not.toContain('queue_job_failed');
  });

  it('makes one walk of each slot, however many daemons tick', async () => {
    some.cloud.add('export');
    const daemons = await Promise.all([some.start(), some.start(), some.start()]);
    await eventually(async () => {
      expect((await some.status()).walks['complete'] ?? 0).toBeGreaterThanOrEqual(3);
    });
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    const queue = await openQueueBackend({ location: server.location, log: recordingLog() });
    const done = await queue.queues.walk.getJobs(['completed']);
    const slots = done.map(({ data }) => (data as { slot: number }).slot);
    await queue.close();
    const { walks } = await some.status();
    expect(new Set(slots).size).toBe(slots.length);
    expect(walks).toEqual({ complete: slots.length });
  });

  it('continues a throttled walk when the budget allows, with no attempt spent', async () => {
    some.cloud.add('export');
    some.cloud.troubles.push('throttled', 'throttled', 'throttled');
    const daemon = await some.start();
    await eventually(async () => {
      const [walk] = await daemon.queue.queues.walk.getJobs(['completed'], 0, 0, true);
      expect(walk?.attemptsMade).toBe(1); // BullMQ counts the completed try.
    });
    expect((await some.status()).walks['complete'] ?? 0).toBeGreaterThanOrEqual(1);
    await daemon.stop();
    expect(some.log.events()).not.toContain('queue_job_retried');
  });

  it('sends a walk that hangs back at shutdown, and the next daemon finishes the same run', async () => {
    some.cloud.add('export');
    some.cloud.troubles.push('hang');
    const first = await some.start({ shutdownGraceMs: 200 });
    await eventually(() => {
      expect(some.cloud.requests.get('ListDownloadJobs')).toBe(1);
    });
    await first.stop();
    const second = await some.start({ schedules: hardlyEver });
    await eventually(async () => {
      expect((await some.status()).walks).toEqual({ complete: 1 });
    });
    await second.stop();
  });

  it('queues unfinished jobs again after the queue has lost everything', async () => {
    for (let job = 0; job < 5; job += 1) some.cloud.add(`export-${job}`);
    const daemon = await some.start();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ openJobs: 5 });
    });
    await daemon.stop();
    const emptied = await openQueueBackend({ location: server.location, log: recordingLog() });
    for (const queue of Object.values(emptied.queues)) await queue.obliterate({ force: true });
    await emptied.close();
    some.cloud.finishAll();
    const again = await some.start({ schedules: hardlyEver });
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ openJobs: 0 });
    });
    await again.stop();
  });

  it('is ready once the scheduler has ticked, and serves the dashboard', async () => {
    const daemon = await some.start({}, ['scheduler', 'worker', 'web']);
    await eventually(async () => {
      const ready = await fetch(`${daemon.webUrl ?? ''}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([200, { ready: true }]);
    });
    await daemon.stop();
    await expect(fetch(`${daemon.webUrl ?? ''}/healthz`)).rejects.toThrow();
  });
});
