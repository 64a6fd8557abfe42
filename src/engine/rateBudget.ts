import { backoffMs } from '../domain/backoff.ts';
import type { ApiRequest, CloudApi } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { BudgetStore } from '../sinks/sink.ts';
import type { Clock, Log } from './ports.ts';

const pauseBounds = { baseMs: 2_000, maxMs: 120_000 };
/** How long a budget read from the store is believed. A pause made by another process is met this much later at most. */
const freshMs = 1_000;

interface BudgetDeps {
  readonly account: string;
  readonly store: BudgetStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

interface Known {
  readonly pausedUntilMs: number;
  readonly throttles: number;
  readonly readAtMs: number;
}

/**
 * An account's API under the budget that all workers of all processes share. A throttling answer pauses that account and
 * API for everybody: as long as the provider says, else doubling from 2 s to 2 min. While it is paused no request is
 * sent: the call throws `throttled` with the time that is left. Requests of an API that takes only so many a second wait
 * for their turn, which all workers take from one queue.
 */
export function budgetedApi(api: CloudApi, deps: BudgetDeps): CloudApi {
  const { account, store, clock } = deps;
  const known = new Map<string, Known>();

  async function budgetOf(name: string): Promise<Known> {
    const nowMs = clock.nowMs();
    const cached = known.get(name);
    if (cached !== undefined && nowMs - cached.readAtMs < freshMs) return cached;
    const read = { ...(await store.budgetOf({ account, api: name })), readAtMs: nowMs };
    known.set(name, read);
    return read;
  }

  async function pause(name: string, refusal: SourceError, budget: Known): Promise<SourceError> {
    const nowMs = clock.nowMs();
    const pauseMs =
      refusal.detail.retryAfterMs ?? backoffMs(budget.throttles + 1, pauseBounds, deps.random());
    const untilMs = nowMs + pauseMs;
    const reason = refusal.detail.code ?? String(refusal.detail.status ?? 'throttled');
    await store.pauseBudget({ account, api: name, untilMs, reason, nowMs });
    known.delete(name);
    deps.log.warn(
      { event: 'budget_paused', account, api: name, reason, pauseMs },
      'throttled by the provider; the budget is paused',
    );
    return new SourceError('throttled', refusal.message, {
      detail: { ...refusal.detail, retryAfterMs: pauseMs },
      cause: refusal,
    });
  }

  /** Sends under the budget: not at all while it is paused. */
  async function spend<T>(
    request: ApiRequest,
    send: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const budget = await budgetOf(request.api);
    const leftMs = budget.pausedUntilMs - clock.nowMs();
    if (leftMs > 0) {
      throw new SourceError(
        'throttled',
        `${request.api} of account ${account} is paused for ${Math.ceil(leftMs / 1000)} s after a throttling answer`,
        { detail: { api: request.api, retryAfterMs: leftMs } },
      );
    }
    if (request.perSecondMax !== undefined) {
      const intervalMs = Math.ceil(1000 / request.perSecondMax);
      const turn = { account, api: request.api, intervalMs, nowMs: clock.nowMs() };
      const waitMs = await store.takeTurn(turn);
      if (waitMs > 0) await clock.sleep(waitMs, signal);
    }
    try {
      const response = await send();
      if (budget.throttles > 0) {
        await store.clearThrottles({ account, api: request.api });
        known.delete(request.api);
      }
      return response;
    } catch (error) {
      if (!(error instanceof SourceError) || error.kind !== 'throttled') throw error;
      throw await pause(request.api, error, budget);
    }
  }

  return {
    call: (request, signal) => spend(request, () => api.call(request, signal), signal),
    stream: (request, consume, signal) =>
      spend(request, () => api.stream(request, consume, signal), signal),
  };
}
