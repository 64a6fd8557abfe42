import { schedulerBeat } from '../queue/schedulerBeat.ts';
import { within } from '../queue/within.ts';
import type { Clock } from '../engine/ports.ts';
import type { QueueBackend } from '../queue/backend.ts';
import type { OperationsStore } from '../sinks/sink.ts';

export interface Check {
  readonly ok: boolean;
  /** One sentence without addresses or secrets: readiness is served without a password. */
  readonly says: string;
}

export interface Health {
  readonly ready: boolean;
  readonly database: Check;
  readonly queue: Check;
  readonly scheduler: Check;
}

export interface HealthDeps {
  readonly sink: Pick<OperationsStore, 'ping' | 'lastBeatMs'>;
  readonly queue: Pick<QueueBackend, 'ping'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** A scheduler that has not ticked for longer is taken for dead. Milliseconds. */
  readonly tickAgeMaxMs: number;
}

const answerTimeoutMs = 2_000;

/** Asks database, queue and the scheduler's last tick, each for at most 2 s. Never throws. */
export async function checkHealth(deps: HealthDeps): Promise<Health> {
  const [database, queue, scheduler] = await Promise.all([
    answered(deps.sink.ping()),
    answered(deps.queue.ping()),
    checkScheduler(deps),
  ]);
  return { ready: database.ok && queue.ok && scheduler.ok, database, queue, scheduler };
}

async function checkScheduler(deps: HealthDeps): Promise<Check> {
  const beatMs = await within(deps.sink.lastBeatMs(schedulerBeat), answerTimeoutMs).catch(
    () => 'late' as const,
  );
  if (beatMs === 'late') return { ok: false, says: 'the last tick cannot be read' };
  if (beatMs === null) return { ok: false, says: 'no scheduler has ticked yet' };
  const ageMs = Math.max(deps.clock.nowMs() - beatMs, 0);
  const says = `last tick ${Math.round(ageMs / 1_000)} s ago`;
  return ageMs <= deps.tickAgeMaxMs
    ? { ok: true, says }
    : { ok: false, says: `${says}; is a process with the scheduler role running?` };
}

async function answered(answer: Promise<void>): Promise<Check> {
  const late = await within(answer, answerTimeoutMs).catch(() => 'failed' as const);
  if (late === undefined) return { ok: true, says: 'answers' };
  return { ok: false, says: 'does not answer' };
}
