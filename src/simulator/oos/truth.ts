import type { Moment } from '../jobList.ts';
import type { ExecutionLog, ExecutionSpec } from './execution.ts';
import { statusAt } from './execution.ts';
import type { Executions } from './executions.ts';
import type { ExecutionLogRow } from './listExecutionLogs.ts';
import { logRow } from './listExecutionLogs.ts';

/** What is really so in OOS, for tests and demos to compare with and to change, past every fault. */
export interface OosTruth {
  /** Every execution that has started, with its status as ListExecutions shows it. */
  readonly executions: () => readonly { readonly id: string; readonly status: string }[];
  /** The entries of an execution in listing order, as ListExecutionLogs shows them without faults. */
  readonly logs: (id: string) => readonly ExecutionLogRow[];
  /** @throws Error when the id is taken */
  readonly start: (execution: ExecutionSpec) => void;
  /** One more entry, at once. @throws Error when there is no such execution */
  readonly log: (id: string, log: ExecutionLog) => void;
  /** @returns false when there is no such execution */
  readonly delete: (id: string) => boolean;
}

/** `moment` tells the time of each call. */
export function oosTruth(executions: Executions, moment: () => Moment): OosTruth {
  const now = (): Moment => {
    const at = moment();
    executions.advance(at);
    return at;
  };
  return {
    executions: () => {
      const { nowMs } = now();
      return executions
        .all(nowMs)
        .map((execution) => ({ id: execution.id, status: statusAt(execution, nowMs) }));
    },
    logs: (id) => {
      now();
      return executions.logs(id).map(logRow);
    },
    start: (execution) => {
      executions.add(execution, now().nowMs);
    },
    log: (id, log) => {
      executions.log(id, log);
    },
    delete: (id) => executions.delete(id),
  };
}
