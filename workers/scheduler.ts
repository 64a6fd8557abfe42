import { randomUUID } from 'node:crypto';
import { schedule } from 'node-cron';
import { messageOf } from '../src/queue/messageOf.ts';
import { schedulerBeat } from '../src/queue/schedulerBeat.ts';
import type { EngineDeps } from '../src/engine/ports.ts';
import type { QueueProducer } from '../src/queue/backend.ts';
import type { OperationsStore } from '../src/sinks/sink.ts';

/** A stream with its schedule: five cron fields, or six with seconds first, in UTC. */
interface ScheduledStream {
  readonly name: string;
  readonly schedule: string;
}

interface SchedulerDeps extends Pick<EngineDeps, 'clock' | 'log'> {
  readonly sink: Pick<OperationsStore, 'beat'>;
  readonly queue: QueueProducer;
  readonly streams: readonly ScheduledStream[];
  /** Whole milliseconds >= 1,000. Slots are counted from the epoch: schedulers of several processes share them. */
  readonly requeueEveryMs: number;
}

/**
 * Ticks until the signal fires: a `walk` job per stream and cron slot, a `maintain` job at once and then every `requeueEveryMs`.
 * Any number of schedulers may run; the queue keeps one job per slot. Slots missed in sleep or a blocked process collapse into
 * the last one. A tick that cannot be queued is logged and lost: the next one is as good.
 */
export async function runScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const tasks = deps.streams.map(({ name, schedule: pattern }) =>
    schedule(
      pattern,
      ({ date }) =>
        tick(deps, name, () =>
          deps.queue.add('walk', {
            stream: name,
            runId: randomUUID(),
            slot: Math.floor(date.getTime() / 1_000),
          }),
        ),
      { ...cronOptions, name },
    ),
  );
  try {
    while (!signal.aborted) {
      const slot = Math.floor(deps.clock.nowMs() / deps.requeueEveryMs);
      await tick(deps, 'maintain', () => deps.queue.add('maintain', { slot }));
      const nextMs = (slot + 1) * deps.requeueEveryMs;
      await deps.clock.sleep(Math.max(nextMs - deps.clock.nowMs(), 1), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const task of tasks) await task.destroy();
  }
}

const silent = { info: ignore, warn: ignore, error: ignore, debug: ignore };

const cronOptions = {
  timezone: 'UTC',
  noOverlap: true,
  // However late: node-cron then runs the last missed slot and drops the ones before it.
  missedExecutionTolerance: Number.MAX_SAFE_INTEGER,
  suppressMissedWarning: true,
  logger: silent, // It would write to stdout; `tick` logs what matters.
} as const;

async function tick(
  deps: SchedulerDeps,
  name: string,
  enqueue: () => Promise<void>,
): Promise<void> {
  try {
    await enqueue();
    await deps.sink.beat(schedulerBeat, deps.clock.nowMs());
    deps.log.debug({ event: 'tick', name }, 'tick');
  } catch (error) {
    deps.log.warn({ event: 'tick_lost', name, reason: messageOf(error) }, 'tick not queued');
  }
}

function ignore(): void {
  // node-cron's own log lines go nowhere.
}
