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
    const { added, beats, runUntil } = scheduler();
    const ticksBySlot = () => {
      const ticks = new Map<unknown, number>();
      for (const [name, { slot }] of added) {
        if (name === 'walk') ticks.set(slot, (ticks.get(slot) ?? 0) + 1);
      }
      return [...ticks.values()];
    };
    // A busy machine lets one of them miss a slot, at the ends or between; what both tick is the same slot.
    const areShared = () => ticksBySlot().filter((ticks) => ticks === 2).length >= 2;
    await Promise.all([runUntil(areShared), runUntil(areShared)]);
    expect(Math.max(...ticksBySlot())).toBe(2);
    expect(beats.length).toBe(added.length);
  });

  it('queues upkeep at once', async () => {
    const { added, runUntil } = scheduler();
    await runUntil(() => added.length > 0);
    expect(added.filter(([name]) => name === 'maintain')).toHaveLength(1);
  });

  it('outlives a queue that takes nothing, and says which tick was lost', async () => {
    const { log, beats, runUntil } = scheduler(() => Promise.reject(new Error('no queue')));
    const lost = () => log.lines.filter(({ fields }) => fields['event'] === 'tick_lost');
    await runUntil(() => lost().length >= 3);
    expect(lost()[0]).toMatchObject({
      level: 'warn',
      fields: { name: 'maintain', reason: 'no queue' },
    });
    expect(beats).toEqual([]);
  });

  it('ends when the signal fires, and ticks no more', async () => {
    const { added, runUntil } = scheduler();
    await runUntil(() => added.some(([name]) => name === 'walk'));
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
  const runUntil = async (isEnough: () => boolean): Promise<void> => {
    const stop = new AbortController();
    const running = runScheduler(
      {
        sink: { beat },
        clock,
        log,
        queue,
        streams: [{ name: 'exports', schedule: '* * * * * *' }],
        requeueEveryMs: 1_000,
      },
      stop.signal,
    );
    while (!isEnough()) await sleep(20);
    stop.abort();
    await running;
  };
  return { added, beats, log, runUntil };
}
