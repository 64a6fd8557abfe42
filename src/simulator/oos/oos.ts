import type { OpenApi } from '../openapi/openApi.ts';
import type { Executions } from './executions.ts';
import { listExecutionLogs } from './listExecutionLogs.ts';
import { listExecutions } from './listExecutions.ts';

const VERSION = '2019-06-01';

/** Operation Orchestration Service: the APIs that LogFerry reads. `insertJobs` logs so many entries in running executions. */
export function oosApis(executions: Executions): readonly OpenApi[] {
  const advance: OpenApi['advance'] = (at, faults) => {
    executions.advance(at);
    const rows = faults?.insertJobs ?? 0;
    if (rows > 0) executions.logSomewhere(`request ${at.request}`, rows, at.nowMs);
  };
  return [
    {
      ...{ action: 'ListExecutionLogs', version: VERSION, advance },
      answer: (call) => listExecutionLogs(executions, call),
    },
    {
      ...{ action: 'ListExecutions', version: VERSION, advance },
      answer: (call) => listExecutions(executions, call),
    },
  ];
}
