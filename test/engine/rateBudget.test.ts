import { noStream } from '../support/noStream.ts';
import { describe, expect, it } from '@jest/globals';
import { budgetedApi } from '../../src/engine/rateBudget.ts';
import type { ApiRequest, CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import { fakeClock, recordingLog } from './engineKit.ts';

const never = new AbortController().signal;

function request(api: string): ApiRequest {
  return { product: 'sls', api, method: 'GET', path: '/', query: {} };
}

/** Two workers of one account over one store, and an API that refuses while `refusal` is set. */
function world() {
  const store = openMemorySink();
  const clock = fakeClock();
  const log = recordingLog();
  const state: { refusal: SourceError | null; sent: number } = { refusal: null, sent: 0 };
  const api: CloudApi = {
    call: async () => {
      state.sent += 1;
      if (state.refusal !== null) throw state.refusal;
      return { status: 200, headers: {}, body: null };
    },
    stream: noStream,
  };
  const worker = (account: string) =>
    budgetedApi(api, { account, store, clock, random: () => 0, log });
  return { clock, log, state, worker };
}

function throttling(retryAfterMs?: number): SourceError {
  return new SourceError('throttled', 'Read QPS Exceed', {
    detail: {
      api: 'List',
      status: 403,
      code: 'ReadQuotaExceed',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

async function leftMs(call: Promise<unknown>): Promise<number | undefined> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof SourceError ? error.detail.retryAfterMs : undefined;
}

describe('an API that takes so many requests a second', () => {
  it('is asked in turns by all workers together, and waits no longer than that', async () => {
    const { clock, state, worker } = world();
    const startMs = clock.nowMs();
    const paced = { ...request('List'), perSecondMax: 10 };
    for (const name of ['prod', 'prod', 'prod', 'other']) await worker(name).call(paced, never);
    expect([state.sent, clock.nowMs() - startMs]).toEqual([4, 200]);
  });

  it('is not waited for once the caller has given up', async () => {
    const { state, worker } = world();
    const paced = { ...request('List'), perSecondMax: 10 };
    await worker('prod').call(paced, never);
    await expect(worker('prod').call(paced, AbortSignal.abort())).rejects.toThrow();
    expect(state.sent).toBe(1);
  });
});

describe('the rate budget', () => {
  it('pauses the account and API for every worker, for as long as the provider says', async () => {
    const { clock, state, worker } = world();
    const [one, two] = [worker('prod'), worker('prod')];
    state.refusal = throttling(9_000);
    await leftMs(one.call(request('List'), never));
    clock.advance(4_000);
    expect([await leftMs(two.call(request('List'), never)), state.sent]).toEqual([5_000, 1]);
  });

  it('leaves other APIs and other accounts alone', async () => {
    const { state, worker } = world();
    const [prod, other] = [worker('prod'), worker('other')];
    state.refusal = throttling(9_000);
    await leftMs(prod.call(request('List'), never));
    state.refusal = null;
    await prod.call(request('Get'), never);
    await other.call(request('List'), never);
    expect(state.sent).toBe(3);
  });

  it('pauses longer with every throttling answer in a row, and starts anew after a request that went through', async () => {
    const { clock, state, worker } = world();
    const api = worker('prod');
    const pauses: (number | undefined)[] = [];
    const strike = async () => {
      const pauseMs = await leftMs(api.call(request('List'), never));
      pauses.push(pauseMs);
      clock.advance((pauseMs ?? 0) + 1_001);
    };
    state.refusal = throttling();
    await strike();
    await strike();
    await strike();
    state.refusal = null;
    await strike();
    state.refusal = throttling();
    await strike();
    expect(pauses).toEqual([1_000, 2_000, 4_000, undefined, 1_000]);
  });

  it('lets every other failure through as it is', async () => {
    const { state, worker } = world();
    state.refusal = new SourceError('rejected', 'no', { detail: { api: 'List', status: 404 } });
    await expect(worker('prod').call(request('List'), never)).rejects.toBe(state.refusal);
  });

  it('names the code and the length of a pause in one warning', async () => {
    const { log, state, worker } = world();
    state.refusal = throttling(9_000);
    await leftMs(worker('prod').call(request('List'), never));
    expect(log.lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ reason: 'ReadQuotaExceed', pauseMs: 9_000 }),
      }),
    ]);
  });
});
