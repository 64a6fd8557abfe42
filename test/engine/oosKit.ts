import type { JsonObject, JsonValue } from '../../src/domain/json.ts';
import type { OwnedListStream } from '../../src/engine/ports.ts';
import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import type { ApiRequest, CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink, type MemorySink } from '../../src/sinks/memory.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { sourceOf } from '../../src/sources/registry.ts';
import type { OwnedListSource } from '../../src/sources/source.ts';
import { answeringApi, engineDeps, fakeClock, recordingLog, walkDeps } from './engineKit.ts';

const never = new AbortController().signal;

/** The source of the stream `runbooks`. */
function executionLogs(): OwnedListSource {
  const source = sourceOf('aliyun.oos.execution_logs');
  if (source?.kind !== 'owned_lists') throw new Error('the source is not registered');
  return source;
}

/** The stream `runbooks`, registered in the sink. */
export async function runbooksStream(
  sink: Sink,
  api: CloudApi,
  settings: JsonObject = { executions: ['exec-1'] },
): Promise<OwnedListStream> {
  const source = executionLogs();
  const identity = { name: 'runbooks', source: source.id, account: 'prod' };
  const ids = await sink.registerStreams([identity], 0);
  return {
    streamId: ids.get('runbooks') ?? '',
    name: 'runbooks',
    account: 'prod',
    source,
    settings: source.streamSchema.parse({ settle: '0s', ...settings }),
    track: { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 3_600_000 },
    api,
  };
}

export function logRow(message: string): JsonObject {
  return {
    TaskExecutionId: 'exec-1.t0010',
    Message: message,
    LogType: ' System',
    Timestamp: '2019-05-24T:02:29:07Z',
  };
}

/** A body of ListExecutionLogs. */
export function logsBody(rows: readonly JsonObject[], nextToken: string | null = null): JsonObject {
  return {
    ...(nextToken === null ? {} : { NextToken: nextToken }),
    RequestId: 'R',
    IsTruncated: nextToken !== null,
    MaxResults: 50,
    ExecutionLogs: rows,
  };
}

/** A body of ListExecutions. */
export function executionsBody(
  executions: Readonly<Record<string, string>>,
  nextToken: string | null = null,
): JsonObject {
  const rows = Object.entries(executions).map(([id, status]) => ({
    ExecutionId: id,
    Status: status,
    StartDate: '2025-10-09T08:53:20Z',
  }));
  return {
    ...(nextToken === null ? {} : { NextToken: nextToken }),
    RequestId: 'R',
    MaxResults: 100,
    TotalCount: rows.length,
    Executions: rows,
  };
}

/** The messages stored of an execution, sorted. */
export function storedMessages({ contents }: MemorySink, executionId: string): readonly string[] {
  const names = Object.keys(executionLogs().table.columns);
  return [...contents.entries.values()]
    .filter(({ row }) => row.values[names.indexOf('execution_id')] === executionId)
    .map(({ row }) => String(row.values[names.indexOf('message')]))
    .sort();
}

/** A refused request. */
export function refusal(
  kind: 'rejected' | 'throttled' | 'credentials',
  code: string,
  status = 400,
) {
  const detail = { api: 'ListExecutionLogs', code, status };
  return new SourceError(kind, `ListExecutionLogs was refused: ${code}`, { detail });
}

export interface Cloud {
  /** Status by execution id. */
  readonly executions?: () => Readonly<Record<string, string>>;
  readonly logs: (request: ApiRequest, token: string | null) => JsonValue;
}

/** The stream `runbooks` over a cloud of functions, in memory; `walk` walks it once more. */
export async function runbooksWorld(cloud: Cloud, settings?: JsonObject) {
  const sink = openMemorySink();
  const clock = fakeClock();
  const log = recordingLog();
  const asked: string[] = [];
  const api = answeringApi((request) => {
    const { query } = request;
    const id = query['ExecutionId'];
    asked.push(`${request.api} ${id ?? 'all'}`);
    if (request.api === 'ListExecutionLogs') return cloud.logs(request, query['NextToken'] ?? null);
    const all = cloud.executions?.() ?? { 'exec-1': 'Running' };
    const status = id === undefined ? undefined : all[id];
    if (id === undefined) return executionsBody(all);
    return executionsBody(status === undefined ? {} : { [id]: status });
  });
  const stream = await runbooksStream(sink, api, settings);
  const deps = walkDeps(engineDeps(sink, { clock, log }));
  let runs = 0;
  const walk = (): Promise<WalkResult> => {
    runs += 1;
    return walkStream(deps, { stream, runId: `run-${runs}`, attempt: { number: 1, of: 1 } }, never);
  };
  return { sink, clock, log, asked, walk, stream, deps };
}

/** The only page of a list. */
export const onePage = (...messages: readonly string[]): JsonValue =>
  logsBody(messages.map(logRow));
