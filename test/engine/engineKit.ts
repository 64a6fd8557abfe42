import type { JsonObject, JsonValue } from '../../src/domain/json.ts';
import { createSlots } from '../../src/domain/slots.ts';
import type {
  Clock,
  DownloadSettings,
  EngineDeps,
  JobStream,
  Log,
} from '../../src/engine/ports.ts';
import type { WalkDeps } from '../../src/engine/reading.ts';
import type { ApiRequest, CloudApi } from '../../src/providers/apiRequest.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { noDownloads } from '../support/noDownloads.ts';
import { noStream } from '../support/noStream.ts';
import { fileEngine } from '../../src/files/fileEngine.ts';
import { sourceOf } from '../../src/sources/registry.ts';
import type { JobSource } from '../../src/sources/source.ts';

/** A clock that stands still but for sleeping, which takes no time at all. */
export function fakeClock(startMs = 1_760_000_000_000): Clock & { advance(byMs: number): void } {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    sleep: async (delayMs, signal) => {
      signal.throwIfAborted();
      nowMs += delayMs;
    },
    advance: (byMs) => {
      nowMs += byMs;
    },
  };
}

export interface LoggedLine {
  readonly level: string;
  readonly event: unknown;
  readonly fields: object;
}

export function recordingLog(): Log & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (level: string) => (fields: object) => {
    lines.push({ level, event: 'event' in fields ? fields.event : null, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export type Answer = (request: ApiRequest) => JsonValue | Promise<JsonValue>;

/** An API that answers from a function; what it throws is the failure of the call. */
export function answeringApi(answer: Answer): CloudApi {
  return {
    call: async (request, signal) => {
      signal.throwIfAborted();
      return { status: 200, headers: {}, body: await answer(request) };
    },
    stream: noStream,
  };
}

/** A body of ListDownloadJobs with these jobs. */
export function listBody(jobs: readonly JsonObject[], total: number | null): JsonObject {
  return { ...(total === null ? {} : { total }), count: jobs.length, results: jobs };
}

export function jobNamed(name: string, status = 'SUCCEEDED'): JsonObject {
  return { name, status, createTime: '1722411060' };
}

/** A source of jobs. @default the one of the stream `exports` */
export function jobSource(id = 'aliyun.sls.download_jobs'): JobSource {
  const source = sourceOf(id);
  if (source?.kind !== 'jobs') throw new Error(`${id} is no registered source of jobs`);
  return source;
}

/** The stream `exports`, or one of another source of jobs under its name, registered in the sink. */
export async function registeredStream(
  sink: Sink,
  api: CloudApi,
  given: {
    readonly pageSize?: number;
    /** @default aliyun.sls.download_jobs */
    readonly source?: string;
    /** The stream's own keys. @default project and pageSize */
    readonly settings?: object;
  } = {},
): Promise<JobStream> {
  const { source: id, pageSize } = given;
  const source = jobSource(id);
  const identity = { name: 'exports', source: source.id, account: 'prod' };
  const ids = await sink.registerStreams([identity], 0);
  const settings = given.settings ?? {
    project: 'big-game',
    ...(pageSize === undefined ? {} : { pageSize }),
  };
  return {
    streamId: ids.get('exports') ?? '',
    name: 'exports',
    account: 'prod',
    source,
    settings: source.streamSchema.parse(settings),
    track: { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 3_600_000 },
    api,
  };
}

export function engineDeps(
  sink: Sink,
  parts: {
    readonly clock?: Clock;
    readonly log?: Log;
    readonly downloads?: DownloadSettings;
  } = {},
): EngineDeps {
  return {
    sink,
    files: fileEngine,
    downloads: parts.downloads ?? noDownloads,
    clock: parts.clock ?? fakeClock(),
    random: () => 0.5,
    log: parts.log ?? recordingLog(),
    inSlots: createSlots(),
  };
}

export function walkDeps(deps: EngineDeps): WalkDeps {
  return {
    ...deps,
    onOpenJobs: () => Promise.resolve(),
    onOpenFiles: () => Promise.resolve(),
  };
}
