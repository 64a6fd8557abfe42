import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';
import { watchOutages } from '../../src/queue/outage.ts';
import { recordingLog } from './recordingLog.ts';

describe('watchOutages', () => {
  it('logs one line for an outage and one for its end, however many connections fail', async () => {
    let up = false;
    const log = recordingLog();
    const watch = watchOutages({
      log,
      server: 'redis://cache',
      probe: () => (up ? Promise.resolve() : Promise.reject(new Error('away'))),
      probeEveryMs: 10,
    });
    for (let error = 0; error < 50; error += 1) {
      watch.report(new Error(`connection ${error} refused`));
      await sleep(1);
    }
    expect(watch.isOut()).toBe(true);
    up = true;
    await eventually(() => {
      expect(watch.isOut()).toBe(false);
    });
    expect(log.events()).toEqual(['queue_lost', 'queue_restored']);
    watch.stop();
  });

  it('takes a server that does not answer in time for lost', async () => {
    const log = recordingLog();
    const watch = watchOutages({
      log,
      server: 'redis://cache',
      probe: () => new Promise(() => undefined),
      probeTimeoutMs: 10,
    });
    watch.report(new Error('socket closed'));
    await eventually(() => {
      expect(watch.isOut()).toBe(true);
    });
    watch.stop();
  });

  it('logs an error by itself while the server answers', async () => {
    const log = recordingLog();
    const watch = watchOutages({ log, server: 'redis://cache', probe: () => Promise.resolve() });
    for (const events of [['queue_error'], ['queue_error', 'queue_error']]) {
      watch.report(new Error('could not renew lock'));
      await eventually(() => {
        expect(log.events()).toEqual(events);
      });
    }
    watch.stop();
  });
});
