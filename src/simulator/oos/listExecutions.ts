import type { Answer } from '../answer.ts';
import type { OpenApiError } from '../openapi/answers.ts';
import type { OpenApiCall } from '../openapi/openApi.ts';
import { rowFaultsOf } from '../pageFaults.ts';
import { pickOf, unitOf } from '../random.ts';
import type { Execution } from './execution.ts';
import { endedAtMs, statusAt } from './execution.ts';
import type { Executions } from './executions.ts';
import { tokenPageOf } from './tokenList.ts';

const UNKNOWN_STATUSES = ['Paused', 'Resuming'] as const;

/** ListExecutions: the last one started comes first. Source: models of the official SDKs (November 2026). */
export function listExecutions(executions: Executions, call: OpenApiCall): Answer | OpenApiError {
  const { parameters, at } = call;
  const asked = Number(parameters.get('MaxResults') ?? '50');
  if (!Number.isInteger(asked) || asked < 10 || asked > 100) {
    return { status: 400, code: 'InvalidParameter', message: 'MaxResults must be 10 to 100.' };
  }
  const rows = executions.all(at.nowMs).filter((execution) => matches(execution, call));
  const filters = [...parameters].filter(([name]) => name !== 'NextToken').sort();
  const page = tokenPageOf(call, {
    name: JSON.stringify(['executions', filters]),
    ...{ rows, size: asked, tokenLifeMs: executions.tokenLifeMs },
  });
  if ('code' in page) return page;
  return {
    status: 200,
    body: JSON.stringify({
      ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
      RequestId: at.requestId,
      MaxResults: asked,
      TotalCount: rows.length,
      Executions: page.rows.map((execution) => shownExecution(executions, call, execution)),
    }),
  };
}

function matches(execution: Execution, { parameters, at }: OpenApiCall): boolean {
  const endMs = endedAtMs(execution, at.nowMs);
  const is = (name: string, value: string): boolean =>
    !parameters.has(name) || parameters.get(name) === value;
  const isAfter = (name: string, timeMs: number | null): boolean =>
    !parameters.has(name) || (timeMs !== null && timeMs >= Date.parse(parameters.get(name) ?? ''));
  const isBefore = (name: string, timeMs: number | null): boolean =>
    !parameters.has(name) || (timeMs !== null && timeMs <= Date.parse(parameters.get(name) ?? ''));
  return (
    is('ExecutionId', execution.id) &&
    is('Status', statusAt(execution, at.nowMs)) &&
    is('TemplateName', execution.templateName) &&
    is('Category', categoryOf(execution)) &&
    isAfter('StartDateAfter', execution.startedAtMs) &&
    isBefore('StartDateBefore', execution.startedAtMs) &&
    isAfter('EndDateAfter', endMs) &&
    isBefore('EndDateBefore', endMs)
  );
}

function categoryOf({ ending }: Execution): string {
  return ending === 'never' ? 'TimerTrigger' : 'Other';
}

function shownExecution(executions: Executions, call: OpenApiCall, execution: Execution): object {
  const { nowMs } = call.at;
  const status = statusAt(execution, nowMs);
  const endMs = endedAtMs(execution, nowMs);
  const isWaiting = status === 'Waiting';
  const firings = Math.floor((nowMs - execution.startedAtMs) / execution.firesEveryMs);
  const firedAtMs = execution.startedAtMs + firings * execution.firesEveryMs;
  const row = {
    ExecutionId: execution.id,
    TemplateName: execution.templateName,
    TemplateId: `t-${execution.templateName.length}`,
    TemplateVersion: 'v1',
    Category: categoryOf(execution),
    Mode: 'Automatic',
    ExecutedBy: 'ops(2309252800)',
    IsParent: isWaiting,
    RamRole: 'OOSServiceRole',
    SafetyCheck: 'Skip',
    Status: status,
    StatusMessage: status === 'Failed' ? 'InvalidInstanceStatus' : '',
    StatusReason: '',
    WaitingStatus: isWaiting ? 'TimerTrigger' : '',
    CreateDate: secondsText(execution.startedAtMs),
    StartDate: secondsText(execution.startedAtMs),
    UpdateDate: secondsText(endMs ?? nowMs),
    EndDate: endMs === null ? '' : secondsText(endMs),
    ...(isWaiting
      ? {
          LastTriggerTime: secondsText(firedAtMs),
          NextScheduleTime: secondsText(firedAtMs + execution.firesEveryMs),
        }
      : {}),
    Counters: { Total: 7, Success: endMs === null ? 3 : 7, Failed: 0 },
    Parameters: { regionId: 'cn-hangzhou' },
    Tags: {},
    CurrentTasks: [],
    Outputs: '{}',
  };
  const faults = rowFaultsOf(call.faults, {
    isChosen: false,
    unitOf: (fault) => unitOf([executions.seed, fault, execution.id]),
  });
  return faults.reduce<object>((damaged, fault) => {
    if (fault === 'lowerCaseStatus') return { ...damaged, Status: status.toLowerCase() };
    if (fault === 'unknownFields') return { ...damaged, Priority: 7 };
    if (fault === 'unknownStatus' && endMs === null) {
      return { ...damaged, Status: pickOf([execution.id], UNKNOWN_STATUSES) };
    }
    return damaged;
  }, row);
}

function secondsText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
