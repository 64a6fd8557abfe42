import { z } from 'zod';
import type { JobTable } from '../../domain/column.ts';
import { DURATION_PATTERN, parseDuration } from '../../domain/duration.ts';
import type { Drift } from '../../domain/entry.ts';
import { boolean, fieldReader, isoTime, sampleOf, text } from '../../domain/fields.ts';
import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import { withholdLinks } from '../../domain/links.ts';
import type { EntryReading, OwnersAsked, TokenPage } from '../source.ts';
import { readTokenPage } from './tokenPage.ts';

const word = z.string().min(1);
const time = z.iso.datetime({ error: 'a time in UTC: 2026-11-01T00:00:00Z' });

/** `discover`: the filters of ListExecutions, by the names of the API in camel case. Source: models of the official SDKs. */
export const discoverSchema = z
  .strictObject({
    status: word.optional().describe('Only executions in this status, such as Running.'),
    templateName: word.optional().describe('Only executions of this template.'),
    startedAfter: time.optional().describe('Only executions started after this time, in UTC.'),
    startedBefore: time.optional().describe('Only executions started before this time, in UTC.'),
    startedWithin: z
      .string()
      .regex(DURATION_PATTERN, 'must be a duration: 30m, 12h or 7d')
      .optional()
      .describe('Only executions started within this time before the walk; keeps listings short.'),
    endedAfter: time.optional().describe('Only executions that ended after this time, in UTC.'),
    endedBefore: time.optional().describe('Only executions that ended before this time, in UTC.'),
    mode: word.optional().describe('Only executions in this mode, such as Automatic.'),
    category: word
      .optional()
      .describe(
        'Only executions of this category: Other, TimerTrigger, EventTrigger, AlarmTrigger.',
      ),
    executedBy: word.optional().describe('Only executions started by this user.'),
    ramRole: word.optional().describe('Only executions that run under this RAM role.'),
    resourceGroupId: word.optional().describe('Only executions of this resource group.'),
    parentExecutionId: word.optional().describe('Only children of this execution.'),
    includeChildExecution: z
      .boolean()
      .optional()
      .describe('Whether child executions are listed too. Not together with depth.'),
    depth: z
      .enum(['RootDepth', 'FirstChildDepth'])
      .optional()
      .describe('Only executions of this depth.'),
    tags: z
      .record(z.string(), z.string())
      .optional()
      .describe('Only executions with all of these tags.'),
    maxResults: z
      .number()
      .int()
      .min(10)
      .max(100)
      .default(100)
      .describe('Executions asked for per page, 10 to 100.'),
  })
  .refine(
    ({ startedAfter, startedWithin }) => startedAfter === undefined || startedWithin === undefined,
    {
      path: ['startedWithin'],
      error: 'give either startedAfter or startedWithin',
    },
  );

type Discover = z.infer<typeof discoverSchema>;

/** The query of ListExecutions for one execution, or for those that the filters select. */
export function executionsQuery(
  discover: Discover | undefined,
  asked: OwnersAsked,
): Readonly<Record<string, string | undefined>> {
  if (asked.kind === 'one') return { ExecutionId: asked.id };
  const { startedWithin, includeChildExecution, tags } = discover ?? {};
  const since =
    startedWithin === undefined ? null : asked.nowMs - (parseDuration(startedWithin) ?? 0);
  return {
    Status: discover?.status,
    TemplateName: discover?.templateName,
    StartDateAfter: since === null ? discover?.startedAfter : secondsText(since),
    StartDateBefore: discover?.startedBefore,
    EndDateAfter: discover?.endedAfter,
    EndDateBefore: discover?.endedBefore,
    Mode: discover?.mode,
    Category: discover?.category,
    ExecutedBy: discover?.executedBy,
    RamRole: discover?.ramRole,
    ResourceGroupId: discover?.resourceGroupId,
    ParentExecutionId: discover?.parentExecutionId,
    IncludeChildExecution:
      includeChildExecution === undefined ? undefined : String(includeChildExecution),
    Depth: discover?.depth,
    Tags: tags === undefined ? undefined : JSON.stringify(tags),
    MaxResults: discover === undefined ? undefined : String(discover.maxResults),
  };
}

function secondsText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

const fields = {
  execution_id: text('ExecutionId'),
  template_name: text('TemplateName'),
  template_id: text('TemplateId'),
  template_version: text('TemplateVersion'),
  description: text('Description'),
  category: text('Category'),
  mode: text('Mode'),
  is_parent: boolean('IsParent'),
  parent_execution_id: text('ParentExecutionId'),
  executed_by: text('ExecutedBy'),
  ram_role: text('RamRole'),
  resource_group_id: text('ResourceGroupId'),
  status_message: text('StatusMessage'),
  status_reason: text('StatusReason'),
  waiting_status: text('WaitingStatus'),
  created_at: isoTime('CreateDate'),
  started_at: isoTime('StartDate'),
  updated_at: isoTime('UpdateDate'),
  ended_at: isoTime('EndDate'),
  last_triggered_at: isoTime('LastTriggerTime'),
  last_trigger_status: text('LastTriggerStatus'),
  next_scheduled_at: isoTime('NextScheduleTime'),
  outputs: text('Outputs'),
} as const;

/** An execution: what ListExecutions says of it, and when its logs were read. */
export const executions: JobTable = {
  name: 'executions',
  kind: 'execution',
  columns: {
    ...fields,
    last_read_at: { type: 'timestamptz' },
    next_read_at: { type: 'timestamptz' },
    closed_at: { type: 'timestamptz' },
  },
};

/** Structures, and what hardly anybody asks for, stay in raw as sent. */
const kept = [
  ...['Status', 'Counters', 'CurrentTasks', 'Parameters', 'Tags', 'Targets', 'ResourceStatus'],
  ...['SafetyCheck', 'LastSuccessfulTriggerTime', 'LastTriggerOutputs', 'LastTriggerStatusMessage'],
];
const readFields = fieldReader(fields, { kept: kept.map((field) => [field]), dropped: [] });

/** The statuses in which an execution has ended. */
export const terminalStatuses: ReadonlySet<string> = new Set(['SUCCESS', 'FAILED', 'CANCELLED']);
/** Source: page on execution statuses; the filters also know Pending and Skipped. */
const statuses: ReadonlySet<string> = new Set([
  ...['STARTED', 'QUEUED', 'RUNNING', 'WAITING', 'PENDING', 'SKIPPED'],
  ...terminalStatuses,
]);
const idCharactersMax = 256;

/** One page of ListExecutions. @returns null when the body is none */
export function readExecutions(body: JsonValue): TokenPage<EntryReading> | null {
  return readTokenPage(body, { list: 'Executions', read: readExecution });
}

function readExecution(execution: JsonValue): EntryReading {
  const rejected = (reason: string): EntryReading => ({
    kind: 'rejected',
    entry: { reason, raw: withholdLinks(execution) },
    drift: [],
  });
  if (!isJsonObject(execution)) return rejected('not_an_object');
  const id = execution['ExecutionId'];
  if (typeof id !== 'string' || id === '') return rejected('no_execution_id');
  if (id.length > idCharactersMax) return rejected('execution_id_too_long');
  const { columns, drift, rest } = readFields(execution);
  const sent = execution['Status'] ?? null;
  const status = typeof sent === 'string' ? sent.trim().toUpperCase() : '';
  const unknown: readonly Drift[] = statuses.has(status)
    ? []
    : [{ path: 'Status', kind: 'unknown_value', sample: sampleOf(sent) }];
  return {
    kind: 'entry',
    drift: [...drift, ...unknown],
    entry: {
      ...{ key: id, jobKey: id, progressPercent: null },
      status: status === '' ? 'UNKNOWN' : status,
      columns,
      raw: rest,
    },
  };
}
