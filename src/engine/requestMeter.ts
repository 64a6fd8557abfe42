import type { CloudApi } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { OperationsStore, RequestCount } from '../sinks/sink.ts';

/** Counts requests in memory until they are flushed to the store, where every process's counts add up. */
export interface RequestMeter {
  /** The same API, every request of it counted by HTTP status and outcome. */
  meter(account: string, api: CloudApi): CloudApi;
  /** Writes the counts gathered so far. Counts of a failed write are kept for the next one. */
  flush(): Promise<void>;
}

export function createRequestMeter(store: Pick<OperationsStore, 'addRequestCounts'>): RequestMeter {
  let counts = new Map<string, RequestCount>();

  function add(count: RequestCount): void {
    const key = JSON.stringify([count.account, count.api, count.status, count.outcome]);
    const before = counts.get(key)?.count ?? 0;
    counts.set(key, { ...count, count: before + count.count });
  }

  function addFailure(
    facts: Pick<RequestCount, 'account' | 'api' | 'count'>,
    error: unknown,
  ): void {
    if (!(error instanceof SourceError)) return;
    add({ ...facts, status: String(error.detail.status ?? 'none'), outcome: error.kind });
  }

  return {
    meter: (account, api) => ({
      call: async (request, signal) => {
        const facts = { account, api: request.api, count: 1 };
        try {
          const response = await api.call(request, signal);
          add({ ...facts, status: String(response.status), outcome: 'ok' });
          return response;
        } catch (error) {
          addFailure(facts, error);
          throw error;
        }
      },
      stream: async (request, consume, signal) => {
        const facts = { account, api: request.api, count: 1 };
        try {
          const result = await api.stream(request, consume, signal);
          add({ ...facts, status: '200', outcome: 'ok' });
          return result;
        } catch (error) {
          // An answer that its reader gave up (a file too large) was one.
          if (error instanceof SourceError || signal.aborted) addFailure(facts, error);
          else add({ ...facts, status: '200', outcome: 'ok' });
          throw error;
        }
      },
    }),
    async flush() {
      if (counts.size === 0) return;
      const gathered = [...counts.values()];
      counts = new Map();
      try {
        await store.addRequestCounts(gathered);
      } catch (error) {
        gathered.forEach(add);
        throw error;
      }
    },
  };
}
