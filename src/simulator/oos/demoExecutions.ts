import type { ExecutionSpec } from './execution.ts';
import { completeExecution } from './execution.ts';

const MINUTE_MS = 60_000;

/**
 * The executions of the demo, each with all the entries it will ever log: two that are over, one of them failed; two that end within
 * 20 s of `nowMs`; and the parent of a trigger, which never ends.
 */
export function demoExecutions(
  nowMs: number,
): readonly (ExecutionSpec & Required<Pick<ExecutionSpec, 'logs'>>)[] {
  const specs: readonly ExecutionSpec[] = [
    { id: 'exec-5f1c0a7d3e', startedAtMs: nowMs - 95 * MINUTE_MS, runMs: 40_000 },
    {
      ...{ id: 'exec-8b2e94c6f0', startedAtMs: nowMs - 31 * MINUTE_MS, runMs: 25_000 },
      ending: 'Failed',
    },
    { id: 'exec-c3d7716ba2', startedAtMs: nowMs - 4_000, runMs: 16_000 },
    { id: 'exec-e9a4052d1f', startedAtMs: nowMs + 3_000, runMs: 15_000 },
    {
      ...{ id: 'exec-0d6b83f7c5', templateName: 'ACS-ECS-TimerSnapshot' },
      ...{ startedAtMs: nowMs - 3 * MINUTE_MS, ending: 'never' },
    },
  ];
  return specs.map((spec) => ({
    ...spec,
    logs: completeExecution(spec, { seed: 'demo', nowMs }).logs,
  }));
}
