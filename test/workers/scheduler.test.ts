import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { runScheduler } from '../../workers/scheduler.ts';
import { recordingLog } from '../queue/recordingLog.ts';
import type { Clock } from '../../src/engine/ports.ts';
import type { QueueProducer } from '../../src/queue/backend.ts';
import type { Sink } from '../../src/sinks/sink.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (delayMs, signal) => {
    await sleep(delayMs, undefined, { signal });
  },
};

describe('runScheduler', () => {
  it('ticks on slots that every scheduler shares, and beats', async () => {
    const { added, beats, run } = scheduler();
    await Promise.all([run(3_200), run(3_200)]);
    const walks = added.filter(([name]) => name === 'walk').map(([, data]) => data['slot']);
    const distinct = new Set(walks);
    expect(distinct.size).toBeGreaterThanOrEqual(2);
    expect(walks).toHaveLength(2 * distinct.size);
    expect(beats.length).toBe(added.length);
  });

  it('queues upkeep at once', async () => {
    const { added, run } = scheduler();
    await run(50);
    expect(added.filter(([name]) => name === 'maintain')).toHaveLength(1);
  });

  it('outlives a queue that takes nothing, and says which tick was lost', async () => {
    const { log, beats, run } = scheduler(() => Promise.reject(new Error('no queue')));
    await run(2_200);
    const lost = log.lines.filter(({ fields }) => fields['event'] === 'tick_lost');
    expect(lost.length).toBeGreaterThanOrEqual(3);
    expect(lost[0]).toMatchObject({
      level: 'warn',
      fields: { name: 'maintain', reason: 'no queue' },
    });
    expect(beats).toEqual([]);
  });

  it('ends when the signal fires, and ticks no more', async () => {
    const { added, run } = scheduler();
    await run(1_100);
    const before = added.length;
    await sleep(1_500);
    expect(added).toHaveLength(before);
  });
});

function scheduler(add?: () => Promise<void>) {
  const added: [string, Readonly<Record<string, unknown>>][] = [];
  const beats: string[] = [];
  const log = recordingLog();
  const queue: QueueProducer = {
    add: async (name, data) => {
      if (add !== undefined) await add();
      added.push([name, { ...data }]);
    },
    addAll: () => Promise.resolve(),
  };
  const beat: Sink['beat'] = async (name) => {
    beats.push(name);
  };
  const run = (forMs: number): Promise<void> =>
    runScheduler(
      {
        sink: { beat },
        clock,
        log,
        queue,
        streams: [{ name: 'exports', schedule: '* * * * * *' }],
        requeueEveryMs: 1_000,
      },
      AbortSignal.timeout(forMs),
    );
  return { added, beats, log, run };
}
