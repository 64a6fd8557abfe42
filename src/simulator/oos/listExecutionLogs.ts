import type { Answer } from '../answer.ts';
import type { RowFault } from '../faults.ts';
import type { OpenApiError } from '../openapi/answers.ts';
import type { OpenApiCall } from '../openapi/openApi.ts';
import { rowFaultsOf } from '../pageFaults.ts';
import { unitOf } from '../random.ts';
import type { ExecutionLog } from './execution.ts';
import type { Executions } from './executions.ts';
import { tokenPageOf } from './tokenList.ts';

/** Entries of a page where MaxResults is left out; the range is unknown, the API page's example has 50. */
const DEFAULT_MAX_RESULTS = 50;

/** One entry of the answer, field for field as the API page (23 March 2026) has it. */
export interface ExecutionLogRow {
  readonly TaskExecutionId: string;
  readonly Message: string;
  readonly LogType: string;
  readonly Timestamp: string;
}

/** ListExecutionLogs. Source: API page oos-list-execution-logs. */
export function listExecutionLogs(
  executions: Executions,
  call: OpenApiCall,
): Answer | OpenApiError {
  const { parameters, at } = call;
  const id = parameters.get('ExecutionId');
  if (id === undefined || id === '') {
    return { status: 400, code: 'MissingParameter', message: 'ExecutionId is mandatory.' };
  }
  const asked = parameters.get('MaxResults') ?? String(DEFAULT_MAX_RESULTS);
  const maxResults = /^[1-9]\d{0,5}$/.test(asked) ? Number(asked) : null;
  if (maxResults === null) {
    return { status: 400, code: 'InvalidParameter', message: 'MaxResults is not valid.' };
  }
  if (executions.find(id, at.nowMs) === undefined) {
    // A guess by the pattern of sibling products: the codes of OOS are unknown.
    const message = `The execution ${id} does not exist.`;
    return { status: 404, code: 'EntityNotExists.Execution', message };
  }
  const task = parameters.get('TaskExecutionId');
  const type = parameters.get('LogType');
  const rows = executions
    .logs(id)
    .filter((log) => task === undefined || log.taskExecutionId === task)
    .filter((log) => type === undefined || log.logType === type);
  const size = Math.min(maxResults, executions.logsPerPageMax);
  const page = tokenPageOf(call, {
    name: JSON.stringify(['logs', id, task ?? null, type ?? null]),
    ...{ rows, size, tokenLifeMs: executions.tokenLifeMs },
  });
  if ('code' in page) return page;
  const chosen = Math.floor(call.faults.draw * page.rows.length);
  const shown = page.rows.map((log, index) => shownLog(executions, call, log, index === chosen));
  return {
    status: 200,
    body: JSON.stringify({
      ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
      RequestId: at.requestId,
      IsTruncated: page.nextToken !== undefined,
      MaxResults: size,
      ExecutionLogs: shown,
    }),
  };
}

/** The row without faults. One in two has the blank of the API page's sample, another one the stray colon. */
export function logRow(log: ExecutionLog): ExecutionLogRow {
  const seconds = new Date(log.atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  // Told by what the entry says, not by its place: twins are twins in every field.
  const look = unitOf([log.message, log.atMs]);
  return {
    TaskExecutionId: log.taskExecutionId,
    Message: log.message,
    LogType: look < 0.5 ? ` ${log.logType}` : log.logType,
    Timestamp: look > 0.25 && look < 0.75 ? seconds.replace('T', 'T:') : seconds,
  };
}

function shownLog(
  executions: Executions,
  call: OpenApiCall,
  log: ExecutionLog,
  isChosen: boolean,
): object {
  const faults = rowFaultsOf(call.faults, {
    isChosen,
    // By what the entry says: twins carry the same faults, and stay twins.
    unitOf: (fault) => unitOf([executions.seed, fault, log.taskExecutionId, log.message, log.atMs]),
  });
  return faults.reduce<object>(damaged, logRow(log));
}

const HUGE_CHARACTERS = 256 * 1024;

function damaged(row: object, fault: RowFault): object {
  const { Message: message = '' } = row as Partial<ExecutionLogRow>;
  switch (fault) {
    case 'unknownFields':
      return {
        ...row,
        LogLevel: 'INFO',
        Trace: { Depth: 3, Link: 'https://h/f?Signature=secret' },
      };
    case 'absentFields':
      return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'LogType'));
    case 'wrongTypes':
      return { ...row, Timestamp: 1_558_664_947, TaskExecutionId: { Id: 'exec-object' } };
    case 'nulCharacters':
      return { ...row, Message: `before\u0000after ${message}` };
    case 'loneSurrogates':
      return { ...row, Message: `${message} \ud83d` };
    case 'hugeStrings':
      return { ...row, Message: `${message} ${'ß'.repeat(HUGE_CHARACTERS)}` };
    case 'unknownStatus':
    case 'lowerCaseStatus':
    case 'nameless':
    case 'wrongLength':
    case 'wrongCheckSum':
      return row;
  }
}
