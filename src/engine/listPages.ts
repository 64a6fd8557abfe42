import { backoffMs } from '../domain/backoff.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import type { IncompleteReason } from '../domain/offsetWalk.ts';
import type { ApiRequest, ApiResponse } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { ListPage } from '../sources/source.ts';
import type { Pager } from './pager.ts';
import type { JobStream } from './ports.ts';
import { retrying, type RetryDeps } from './retrying.ts';

/** What one stored page is made of. `end` is set on the last page of a walk, which may be empty. */
export interface WalkedPage {
  readonly entries: readonly JobEntry[];
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
  /** The checkpoint that stands once the page is stored. */
  readonly state: JsonValue;
  /** Requests sent for this page: its own, its repeats, and fruitless ones before it. */
  readonly requests: number;
  readonly restarts: number;
  readonly totalReported: number | null;
  /** When the answer was asked for. Epoch milliseconds. */
  readonly askedAtMs: number;
  readonly end: { readonly incomplete: IncompleteReason | null } | null;
}

/** Between an answer that proved nothing and the next one: a server that lags behind itself gets time to catch up. */
const fruitlessBounds = { baseMs: 200, maxMs: 3_000 };

/**
 * Yields the pages of a list from the checkpoint on (null: from its head), each proven to follow the page before.
 * @throws SourceError when a request fails for good, is throttled, or the answer is no list
 */
export async function* listPages<State>(
  deps: RetryDeps,
  walk: {
    readonly stream: JobStream;
    readonly pager: Pager<State>;
    readonly checkpoint: JsonValue | null;
  },
  signal: AbortSignal,
): AsyncGenerator<WalkedPage> {
  const { stream, pager } = walk;
  let state = pager.resume(walk.checkpoint);
  let requests = 0;
  for (;;) {
    const turn = pager.next(state);
    const askedAtMs = deps.clock.nowMs();
    const answer = await ask(deps, stream, turn.request, signal);
    requests += answer.requests;
    const received = turn.receive(answer.response.body);
    if (received === null) throw noList(stream, turn.request, answer.response);
    const { page, step } = received;
    state = step.state;
    if (step.store.length > 0 || step.kind === 'end') {
      yield {
        ...sorted(page, step.store),
        state: pager.checkpoint(state),
        requests,
        restarts: pager.restarts(state),
        totalReported: page.total,
        askedAtMs,
        end: step.kind === 'end' ? { incomplete: step.incomplete } : null,
      };
      requests = 0;
    }
    if (step.kind === 'end') return;
    if (step.wait > 0) {
      await deps.clock.sleep(backoffMs(step.wait, fruitlessBounds, deps.random()), signal);
    }
  }
}

async function ask(
  deps: RetryDeps,
  stream: JobStream,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<{ response: ApiResponse; requests: number }> {
  const { result, requests } = await retrying(
    deps,
    { stream: stream.name, ask: () => stream.api.call(request, signal) },
    signal,
  );
  return { response: result, requests };
}

/** An answer that is no list at all is a failure, not an empty page. */
export function noList(
  stream: Pick<JobStream, 'name'>,
  { api }: ApiRequest,
  { status }: ApiResponse,
): SourceError {
  return new SourceError(
    'drift',
    `${api} for stream ${stream.name} answered ${status} with a body that is not the documented list; ` +
      `nothing of it was stored. Check that the endpoint is the right product's.`,
    { detail: { api, status } },
  );
}

function sorted(
  page: ListPage,
  store: readonly number[],
): Pick<WalkedPage, 'entries' | 'rejected' | 'drift'> {
  const kept = store.flatMap((index) => page.entries[index] ?? []);
  return {
    entries: kept.flatMap((reading) => (reading.kind === 'entry' ? [reading.entry] : [])),
    rejected: kept.flatMap((reading) => (reading.kind === 'rejected' ? [reading.entry] : [])),
    drift: [...page.drift, ...kept.flatMap((reading) => reading.drift)],
  };
}
