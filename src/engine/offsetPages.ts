import { backoffMs } from '../domain/backoff.ts';
import type { Drift, JobEntry, RejectedEntry } from '../domain/entry.ts';
import {
  nextOffsetRequest,
  offsetWalkStart,
  receiveOffsetAnswer,
  type IncompleteReason,
  type OffsetRequest,
  type OffsetWalkState,
} from '../domain/offsetWalk.ts';
import type { ApiResponse } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { EntryReading, OffsetPage } from '../sources/source.ts';
import type { Clock, JobStream, Log } from './ports.ts';

/** What one stored page is made of. `end` is set on the last page of a walk, which may be empty. */
export interface WalkedPage {
  readonly entries: readonly JobEntry[];
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
  /** The checkpoint that stands once the page is stored. */
  readonly state: OffsetWalkState;
  /** Requests sent for this page: its own, its repeats, and fruitless ones before it. */
  readonly requests: number;
  readonly restarts: number;
  readonly totalReported: number | null;
  /** When the answer was asked for. Epoch milliseconds. */
  readonly askedAtMs: number;
  readonly end: { readonly incomplete: IncompleteReason | null } | null;
}

interface PageDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const requestTriesMax = 4;
const retryBounds = { baseMs: 500, maxMs: 10_000 };
/** Between an answer that proved nothing and the next one: a server that lags behind itself gets time to catch up. */
const fruitlessBounds = { baseMs: 200, maxMs: 3_000 };

/**
 * Yields the pages of an offset list from `state` on (null: from its head), each proven to follow the page before.
 * @throws SourceError when a request fails for good, is throttled, or the answer is no list
 */
export async function* offsetPages(
  deps: PageDeps,
  walk: { readonly stream: JobStream; readonly state: OffsetWalkState | null },
  signal: AbortSignal,
): AsyncGenerator<WalkedPage> {
  const { stream } = walk;
  const size = stream.source.pageSize(stream.settings);
  let state = walk.state ?? offsetWalkStart;
  let requests = 0;
  for (;;) {
    const request = nextOffsetRequest(state, size);
    const askedAtMs = deps.clock.nowMs();
    const answer = await askPage(deps, stream, request, signal);
    requests += answer.requests;
    const { page } = answer;
    const keys = page.entries.map(keyOf);
    const step = receiveOffsetAnswer(state, request, { keys, total: page.total });
    state = step.state;
    if (step.store.length > 0 || step.kind === 'end') {
      yield {
        ...sorted(page, step.store),
        state,
        requests,
        restarts: state.restarts,
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

async function askPage(
  deps: PageDeps,
  stream: JobStream,
  at: OffsetRequest,
  signal: AbortSignal,
): Promise<{ page: OffsetPage; requests: number }> {
  for (let requests = 1; ; requests++) {
    try {
      const request = stream.source.listing.request(stream.settings, at);
      const response = await stream.api.call(request, signal);
      return { page: pageOf(stream, response, request.api), requests };
    } catch (error) {
      const again = error instanceof SourceError && error.kind === 'transient';
      if (!again || requests >= requestTriesMax || signal.aborted) throw error;
      const delayMs = backoffMs(requests, retryBounds, deps.random());
      deps.log.warn(
        {
          event: 'request_retried',
          stream: stream.name,
          try: requests,
          delayMs,
          reason: error.message,
        },
        'request retried',
      );
      await deps.clock.sleep(delayMs, signal);
    }
  }
}

/** An answer that is no list at all is a failure, not an empty page. */
function pageOf(stream: JobStream, response: ApiResponse, api: string): OffsetPage {
  const page = stream.source.listing.read(response.body, stream.settings);
  if (page !== null) return page;
  throw new SourceError(
    'drift',
    `${api} for stream ${stream.name} answered ${response.status} with a body that is not the documented list; ` +
      `nothing of it was stored. Check that the endpoint is the right product's.`,
    { detail: { api, status: response.status } },
  );
}

/** A row that cannot be stored has no key: it keeps its place in the proof, and proves nothing itself. */
function keyOf(reading: EntryReading): string | null {
  return reading.kind === 'entry' ? reading.entry.key : null;
}

function sorted(
  page: OffsetPage,
  store: readonly number[],
): Pick<WalkedPage, 'entries' | 'rejected' | 'drift'> {
  const kept = store.flatMap((index) => page.entries[index] ?? []);
  return {
    entries: kept.flatMap((reading) => (reading.kind === 'entry' ? [reading.entry] : [])),
    rejected: kept.flatMap((reading) => (reading.kind === 'rejected' ? [reading.entry] : [])),
    drift: [...page.drift, ...kept.flatMap((reading) => reading.drift)],
  };
}
