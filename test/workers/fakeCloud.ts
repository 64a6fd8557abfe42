import { noStream } from '../support/noStream.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from '../../src/providers/sourceError.ts';
import type { JsonValue } from '../../src/domain/json.ts';
import type { ApiRequest, ApiResponse, CloudApi } from '../../src/providers/apiRequest.ts';

/** A cloud of download jobs in memory, for what happens between queue, workers and sink; the wire is tested elsewhere. */
export interface FakeCloud extends CloudApi {
  add(name: string): void;
  /** All jobs succeed from now on. */
  finishAll(): void;
  /** Requests by API name. */
  readonly requests: Map<string, number>;
  /** What happens to the next requests: each entry is used up by one. */
  readonly troubles: ('throttled' | 'transient' | 'hang')[];
}

const longerThanAnyTestMs = 600_000;

export function fakeCloud(): FakeCloud {
  const jobs = new Map<string, number>();
  const requests = new Map<string, number>();
  const troubles: FakeCloud['troubles'] = [];
  let status = 'RUNNING';

  const jobOf = (name: string, createTime: number): JsonValue => ({
    name,
    displayName: name,
    createTime,
    status,
    executionDetails: { progress: status === 'RUNNING' ? 50 : 100 },
  });

  const answer = (request: ApiRequest): JsonValue => {
    const all = [...jobs].map(([name, createTime]) => jobOf(name, createTime)).toReversed();
    if (request.api === 'ListDownloadJobs') {
      const offset = Number(request.query['offset']);
      const page = all.slice(offset, offset + Number(request.query['size']));
      return { total: all.length, count: page.length, results: page };
    }
    const name = request.path.replace('/downloadjobs/', '');
    return jobOf(name, jobs.get(name) ?? 0);
  };

  return {
    requests,
    troubles,
    add: (name) => jobs.set(name, 1_700_000_000 + jobs.size),
    finishAll: () => {
      status = 'SUCCEEDED';
    },
    call: async (request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> => {
      requests.set(request.api, (requests.get(request.api) ?? 0) + 1);
      const trouble = troubles.shift();
      if (trouble === 'hang') await sleep(longerThanAnyTestMs, undefined, { signal });
      else if (trouble !== undefined) {
        const detail = { api: request.api, retryAfterMs: 400 };
        throw new SourceError(trouble, `${request.api}: ${trouble}`, { detail });
      }
      return { status: 200, headers: {}, body: answer(request) };
    },
    stream: noStream,
  };
}
