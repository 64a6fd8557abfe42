import { z } from 'zod';
import type { ColumnValue, EntryTable } from '../domain/column.ts';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { fieldReader, isoTime, text } from '../domain/fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { withholdInText, withholdLinks } from '../domain/links.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import {
  discoverSchema,
  executions,
  executionsQuery,
  readExecutions,
  terminalStatuses,
} from './oos/executions.ts';
import { readTokenPage } from './oos/tokenPage.ts';
import type { OwnedListSource, OwnedReading, OwnersAsked, TokenPage } from './source.ts';

/**
 * OOS ListExecutionLogs: the log entries of executions of templates; ListExecutions tells their status.
 * Source: API page ListExecutionLogs (23 March 2026). Entries have no id; their order and the range of MaxResults are undocumented.
 */
const streamSchema = z
  .strictObject({
    executions: z
      .array(z.string().regex(/^[\w.-]{1,200}$/, { error: 'an execution id: exec-xxx' }))
      .min(1)
      .optional()
      .describe('The executions whose logs are read. Either this or discover.'),
    discover: discoverSchema
      .optional()
      .describe('Which executions are found through ListExecutions. Either this or executions.'),
    taskExecutionId: z.string().min(1).optional().describe('Only logs of this task execution.'),
    logType: z.string().min(1).optional().describe('Only logs of this type, such as System.'),
    regionId: z
      .string()
      .min(1)
      .optional()
      .describe('RegionId of the requests. Left out: the endpoint decides.'),
    maxResults: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(50)
      .describe('Log entries asked for per page, 1 to 1000. The server may give fewer.'),
    settle: z
      .string()
      .regex(DURATION_PATTERN, 'must be a duration: 500ms, 30s, 5m, 1h or 2d')
      .default('30s')
      .describe('An execution is read once more this long after its end, and then no more.'),
  })
  .refine(({ executions: ids, discover }) => (ids === undefined) !== (discover === undefined), {
    error: 'needs either executions: [exec-xxx] or discover: { ... }',
  });

type Stream = z.infer<typeof streamSchema>;

interface OfExecution {
  readonly ownerId: string;
}

const fields = {
  task_execution_id: text('TaskExecutionId'),
  log_type: text('LogType'),
  message: text('Message'),
  logged_at: isoTime('Timestamp'),
} as const;

const executionLogs: EntryTable = {
  name: 'execution_logs',
  columns: {
    execution_id: { type: 'text' },
    ...fields,
    timestamp_text: { type: 'text' },
    occurrence: { type: 'integer' },
  },
  document: 'raw',
  monthly: false,
  snapshots: false,
};

const readFields = fieldReader(fields, { kept: [], dropped: [] });

export const oosExecutionLogs: OwnedListSource<Stream> = {
  kind: 'owned_lists',
  id: 'aliyun.oos.execution_logs',
  provider: 'aliyun',
  product: 'oos',
  title: 'Logs of executions of the Operation Orchestration Service (ListExecutionLogs).',
  streamSchema,
  probe: {
    request: (stream) => {
      const [ownerId] = stream.executions ?? [];
      return ownerId === undefined
        ? executionsRequest(stream, { kind: 'selected', nowMs: 0 }, null)
        : logsRequest(stream, { ownerId }, null);
    },
    found: (body, stream) => {
      const [ownerId] = stream.executions ?? [];
      const page =
        ownerId === undefined ? readExecutions(body) : readLogs(body, stream, { ownerId });
      const more = page?.nextToken == null ? '' : ', and there are more';
      const what = ownerId === undefined ? 'executions' : `log entries of ${ownerId}`;
      return page && `${page.entries.length} ${what} on the first page${more}`;
    },
  },
  owners: {
    noun: 'execution',
    named: (stream) => stream.executions ?? null,
    listing: {
      request: executionsRequest,
      read: readExecutions,
    },
    table: executions,
    terminal: terminalStatuses,
    settleMs: (stream) => parseDuration(stream.settle) ?? 0,
  },
  listing: { request: logsRequest, read: readLogs },
  table: executionLogs,
  // OOS's own codes are unknown; this one follows the pattern of its siblings.
  isGone: ({ status, code }) => status === 404 || code?.startsWith('EntityNotExist') === true,
};

function executionsRequest(stream: Stream, asked: OwnersAsked, token: string | null): ApiRequest {
  return oosRequest('ListExecutions', {
    RegionId: stream.regionId,
    ...executionsQuery(stream.discover, asked),
    NextToken: token ?? undefined,
  });
}

function logsRequest(stream: Stream, { ownerId }: OfExecution, token: string | null): ApiRequest {
  return oosRequest('ListExecutionLogs', {
    RegionId: stream.regionId,
    ExecutionId: ownerId,
    TaskExecutionId: stream.taskExecutionId,
    LogType: stream.logType,
    MaxResults: String(stream.maxResults),
    NextToken: token ?? undefined,
  });
}

function readLogs(
  body: JsonValue,
  _stream: Stream,
  { ownerId }: OfExecution,
): TokenPage<OwnedReading> | null {
  return readTokenPage(body, { list: 'ExecutionLogs', read: (log) => readLog(log, ownerId) });
}

/** Without the parameters that are undefined. */
function oosRequest(api: string, query: Readonly<Record<string, string | undefined>>): ApiRequest {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { product: 'oos', api, method: 'GET', path: '/', query: Object.fromEntries(given) };
}

function readLog(log: JsonValue, ownerId: string): OwnedReading {
  if (!isJsonObject(log)) {
    const entry = { reason: 'not_an_object', raw: withholdLinks(log) };
    return { kind: 'rejected', entry, drift: [] };
  }
  const { columns: read, drift, rest } = readFields(log);
  const { LogType: typeSent = null, Timestamp: timeSent = null } = log;
  // The API page's own sample says " System".
  const type = typeof read['log_type'] === 'string' ? read['log_type'].trim() : null;
  const columns = { ...read, log_type: type };
  const isAsSent = type === null || typeof typeSent !== 'string' || typeSent === type;
  return {
    kind: 'entry',
    content: contentOf(columns, rest),
    columns: {
      execution_id: ownerId,
      ...columns,
      timestamp_text: typeof timeSent === 'string' ? withholdInText(timeSent) : null,
    },
    raw: isAsSent ? rest : { ...rest, LogType: withholdInText(typeSent) },
    drift,
  };
}

/**
 * The four documented fields as they are understood, not as they are written; one that could not be understood counts as sent.
 * Unknown fields do not count: while a new one is being rolled out, some answers have it and some do not.
 */
function contentOf(columns: Readonly<Record<string, ColumnValue>>, rest: JsonObject): string {
  const parts = Object.entries(fields).map(([name, { path }]) => [
    columns[name] ?? null,
    rest[path[0] ?? ''] ?? null,
  ]);
  return JSON.stringify(parts, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
