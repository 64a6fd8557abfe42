import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { describePrivateRedis } from '../queue/backends.ts';
import { eventually } from '../queue/eventually.ts';
import { installSome } from './someDaemon.ts';
import type { TestRedis } from '../support/redis.ts';
import type { SomeInstallation } from './someDaemon.ts';

describePrivateRedis('the daemon when its queue is lost', (open) => {
  it('heals after FLUSHALL in mid-work, without a restart', async () => {
    const { redis, some } = await installOn(await open());
    const daemon = await some.start();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ openJobs: 5 });
    });
    await redis.wipe();
    some.cloud.add('export after the loss');
    some.cloud.finishAll();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ entries: 6, openJobs: 0 });
    });
    await daemon.stop();
    await redis.close();
  });

  it('outlives a server that comes back empty, with one line each way', async () => {
    const { redis, some } = await installOn(await open());
    const daemon = await some.start();
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ openJobs: 5 });
    });
    await redis.restartEmpty(2_500);
    some.cloud.finishAll();
    some.cloud.add('export after the loss');
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ entries: 6, openJobs: 0 });
    });
    await eventually(() => {
      const turns = ['queue_lost', 'queue_restored'];
      expect(some.log.events().filter((event) => turns.includes(String(event)))).toEqual(turns);
    });
    await daemon.stop();
    await redis.close();
  });

  it('shuts down within seconds while the server is away', async () => {
    const { redis, some } = await installOn(await open());
    const daemon = await some.start({ shutdownGraceMs: 500 });
    await eventually(async () => {
      expect(await some.status()).toMatchObject({ entries: 5 });
    });
    await redis.close();
    await sleep(500);
    const stoppedAt = Date.now();
    await daemon.stop();
    expect(Date.now() - stoppedAt).toBeLessThan(40_000);
  });
});

async function installOn(redis: TestRedis): Promise<{ redis: TestRedis; some: SomeInstallation }> {
  const some = await installSome({ kind: 'redis', url: redis.url, prefix: redis.prefix });
  for (let job = 0; job < 5; job += 1) some.cloud.add(`export-${job}`);
  return { redis, some };
}
