import { isJsonObject, type JsonObject, type JsonValue } from '../../src/domain/json.ts';
import { isOrderStream, type OrderStream } from '../../src/engine/ports.ts';
import type { ApiRequest, CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError, type SourceErrorKind } from '../../src/providers/sourceError.ts';
import type { NewOrder, Sink } from '../../src/sinks/sink.ts';
import { parseJsonText } from '../../src/sinks/jsonText.ts';
import { answeringApi, registeredStream } from './engineKit.ts';

const dayMs = 86_400_000;

/** An order of the first of November. */
export function newOrder(more: Partial<NewOrder> = {}): NewOrder {
  const fromMs = Date.parse('2026-11-01T00:00:00Z');
  return {
    ...{ name: 'first', displayName: 'first', description: 'by a test', logstore: 'app_log' },
    ...{ query: 'level: ERROR', fromMs, toMs: fromMs + dayMs, format: 'csv', compression: 'gzip' },
    ...{ powerSql: false, allowIncomplete: false, roleArn: null, bucket: null, prefix: null },
    ...{ export: null, attempt: 1 },
    ...more,
  };
}

export function refusal(kind: SourceErrorKind, status?: number, code?: string): SourceError {
  return new SourceError(kind, `${kind} ${code ?? ''}`, {
    detail: {
      api: 'CreateDownloadJob',
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
    },
  });
}

/** What happens to one request: it is executed or not, and then something fails or not. */
export interface Fate {
  readonly executed: boolean;
  readonly error: Error | null;
}

/** A project that takes orders. It lets a name be taken twice: whoever orders twice is found out. */
export function orderingCloud(nextFate: (request: ApiRequest) => Fate) {
  const jobs: JsonObject[] = [];
  const api: CloudApi = answeringApi((request): JsonValue => {
    const fate = nextFate(request);
    const answer = fate.executed ? execute(request) : null;
    if (fate.error !== null) throw fate.error;
    return answer;
  });
  function execute(request: ApiRequest): JsonValue {
    if (request.api === 'CreateDownloadJob') {
      const body = parseJsonText(request.body ?? '');
      if (!isJsonObject(body)) throw new Error('no body');
      jobs.push({ ...body, status: 'RUNNING', createTime: String(1_760_000_000 + jobs.length) });
      return null;
    }
    const name = request.path.replace('/downloadjobs/', '');
    const found = jobs.find((job) => job['name'] === name);
    if (found === undefined) throw refusal('rejected', 404, 'JobNotExist');
    return found;
  }
  return {
    api,
    jobs,
    /** In the order of their execution. */
    names: () => jobs.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    executions: (name: string) => jobs.filter((job) => job['name'] === name).length,
    settle: (name: string, status: string) => {
      const at = jobs.findIndex((job) => job['name'] === name);
      const job = jobs[at];
      if (job !== undefined) jobs[at] = { ...job, status };
    },
  };
}

export async function orderStream(sink: Sink, api: CloudApi): Promise<OrderStream> {
  const stream = await registeredStream(sink, api);
  if (!isOrderStream(stream)) throw new Error('the stream takes no orders');
  return stream;
}
