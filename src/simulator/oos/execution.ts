import { pickOf, unitOf, wholeOf } from '../random.ts';

/** Where an execution ends. `never`: the parent of a trigger, which waits for its next firing for good. */
export type ExecutionEnding = 'Success' | 'Failed' | 'Cancelled' | 'never';

/** A log entry of an execution. There is no id: equal ones are twins. */
export interface ExecutionLog {
  /** Listed from then on, and its Timestamp. Epoch milliseconds. */
  readonly atMs: number;
  readonly taskExecutionId: string;
  readonly logType: string;
  readonly message: string;
}

/** What a test or a scenario says about an execution; whatever it leaves out is made up, plausibly and by seed. */
export interface ExecutionSpec {
  readonly id: string;
  readonly templateName?: string;
  /** Epoch milliseconds. In the future: not listed before then. @default when the simulator starts */
  readonly startedAtMs?: number;
  /** @default 8 s */
  readonly runMs?: number;
  /** @default Success */
  readonly ending?: ExecutionEnding;
  /** For one that never ends: a few entries at every firing, so often. @default 60 s */
  readonly firesEveryMs?: number;
  /** @default made up, within the running time */
  readonly logs?: readonly ExecutionLog[];
}

export interface Execution extends Required<Omit<ExecutionSpec, 'logs'>> {
  /** What it logs until its end, oldest first; one that never ends logs on by `firingLogs`. */
  readonly logs: readonly ExecutionLog[];
}

const TEMPLATES = [
  'ACS-ECS-BulkyRunCommand',
  'ACS-ECS-ScheduleToRestartInstances',
  'ResizeDisksOfGroup',
  'PatchBaselineWeekly',
] as const;

const TASKS = [
  'CheckForDuplicateExecution',
  'DescribeInstances',
  'CheckDiskCategory',
  'StopInstance',
  'ResizeDisk',
  'StartInstance',
  'UntilInstanceReady',
] as const;

/** Fills in what a spec leaves open. The same seed and id give the same execution, whatever else exists. */
export function completeExecution(
  spec: ExecutionSpec,
  world: { readonly seed: string; readonly nowMs: number },
): Execution {
  const execution = {
    templateName: pickOf([world.seed, spec.id, 'template'], TEMPLATES),
    startedAtMs: world.nowMs,
    runMs: 8_000,
    ending: 'Success' as const,
    firesEveryMs: 60_000,
    ...spec,
  };
  return { ...execution, logs: spec.logs ?? plausibleLogs(world.seed, execution) };
}

/** Every task starts and completes; one waits for its machine and says so, several times in one second. */
function plausibleLogs(seed: string, execution: Omit<Execution, 'logs'>): readonly ExecutionLog[] {
  const { id, startedAtMs, runMs, ending } = execution;
  if (ending === 'never') return firingLogs(execution, 0);
  const stepMs = runMs / TASKS.length;
  const logs = TASKS.flatMap((task, index) => {
    const beginMs = startedAtMs + Math.floor(index * stepMs);
    const endMs = startedAtMs + Math.floor((index + 0.9) * stepMs);
    const at = (atMs: number, message: string, logType = 'System'): ExecutionLog => ({
      ...{ atMs, logType, message },
      taskExecutionId: `${id}.t${String((index + 1) * 10).padStart(4, '0')}`,
    });
    const waits = wholeOf([seed, id, task, 'waits'], 0, 3);
    const waiting = task.startsWith('Until') || unitOf([seed, id, task]) < 0.3;
    return [
      at(beginMs, `The task ${task} started.`),
      ...(waiting ? Array.from({ length: waits }, () => at(beginMs, `Waiting for ${task}.`)) : []),
      ...(ending === 'Failed' && index === TASKS.length - 1
        ? [at(endMs, `The task ${task} failed: InvalidInstanceStatus (409).`)]
        : [at(endMs, `The task ${task} completed.`)]),
    ];
  });
  return logs.sort((a, b) => a.atMs - b.atMs);
}

/** What the parent of a trigger logs at its nth firing, counted from 0. */
export function firingLogs(
  { id, startedAtMs, firesEveryMs }: Pick<Execution, 'id' | 'startedAtMs' | 'firesEveryMs'>,
  firing: number,
): readonly ExecutionLog[] {
  const atMs = startedAtMs + firing * firesEveryMs;
  const common = { atMs, taskExecutionId: `${id}.trigger`, logType: 'System' };
  return [
    { ...common, message: 'The trigger fired.' },
    { ...common, message: `Child execution ${id}-${firing} started.` },
  ];
}

/** The first status lasts as long as this; it is hardly ever seen. */
const STARTED_MS = 200;

/** What ListExecutions says of it at a time. */
export function statusAt(execution: Execution, nowMs: number): string {
  const ageMs = nowMs - execution.startedAtMs;
  if (ageMs < STARTED_MS) return 'Started';
  if (execution.ending === 'never') return 'Waiting';
  return ageMs < execution.runMs ? 'Running' : execution.ending;
}

/** null while it runs. */
export function endedAtMs(execution: Execution, nowMs: number): number | null {
  const endMs = execution.startedAtMs + execution.runMs;
  return execution.ending !== 'never' && nowMs >= endMs ? endMs : null;
}
