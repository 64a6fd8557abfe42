import { assertNever } from '../domain/assertNever.ts';
import { backoffMs } from '../domain/backoff.ts';
import {
  receiveTokenPage,
  receiveTokenRefusal,
  tokenPassStart,
  type TokenFault,
  type TokenPass,
} from '../domain/tokenWalk.ts';
import type { ApiRequest, ApiResponse } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { TokenListing, TokenPage } from '../sources/source.ts';
import { noList } from './listPages.ts';
import type { StreamRuntime } from './ports.ts';
import { retrying, type RetryDeps } from './retrying.ts';

/** Which token list is read, and how. */
export interface TokenList<At, Entry> {
  readonly stream: Pick<StreamRuntime, 'name' | 'api' | 'settings'>;
  readonly listing: TokenListing<unknown, At, Entry>;
  readonly at: At;
}

/** One page of a pass. */
export interface PassPage<Entry> extends TokenPage<Entry> {
  /** It is the first page: of the pass, or, when a token was refused, of the pass that is begun anew. */
  readonly isFirst: boolean;
  /** It has no token, but says that there is more: the list was not read to its end. */
  readonly isCutOff: boolean;
  /** Requests sent for it, repeats and refused ones included. */
  readonly requests: number;
  /** How often the pass was begun anew before it, since the page before. */
  readonly restarts: number;
}

const retryBounds = { baseMs: 200, maxMs: 3_000 };
/** Throttling answers in a row that are waited out for one page; the pauses between them grow to minutes. */
const throttlesMax = 8;
/** Unreadable answers in a row, such as a proxy's page. */
const unreadableMax = 3;

/**
 * Yields the pages of one pass over a token list, from its first to its last. In the middle of the list throttling is waited out; a
 * refused token begins the list anew, a few times, and pages yielded before that are then no part of the pass.
 * @throws SourceError when a request fails for good, is throttled or refused, the answer is no list, or its tokens lead nowhere
 */
export async function* tokenPages<At, Entry>(
  deps: RetryDeps,
  list: TokenList<At, Entry>,
  signal: AbortSignal,
): AsyncGenerator<PassPage<Entry>> {
  const { stream, listing, at } = list;
  let pass = tokenPassStart;
  let requests = 0;
  let restarts = 0;
  let failures = 0;
  for (;;) {
    const request = listing.request(stream.settings, at, pass.token);
    let asked: { readonly result: ApiResponse; readonly requests: number };
    try {
      const ask = (): Promise<ApiResponse> => stream.api.call(request, signal);
      asked = await retrying(deps, { stream: stream.name, ask }, signal);
    } catch (error) {
      if (!(error instanceof SourceError) || signal.aborted) throw error;
      requests += 1;
      failures += 1;
      const next = afterFailure(pass, error, failures);
      if (next === null) throw error;
      if (next.token !== pass.token) restarts += 1;
      pass = next;
      const delayMs = error.detail.retryAfterMs ?? backoffMs(failures, retryBounds, deps.random());
      await deps.clock.sleep(delayMs, signal);
      continue;
    }
    failures = 0;
    requests += asked.requests;
    const page = listing.read(asked.result.body, stream.settings, at);
    if (page === null) throw noList(stream, request, asked.result);
    const step = receiveTokenPage(pass, { nextToken: page.nextToken, rows: page.entries.length });
    const isCutOff = page.nextToken === null && page.truncated === true;
    yield { ...page, isFirst: pass.token === null, isCutOff, requests, restarts };
    requests = 0;
    restarts = 0;
    if (step.kind === 'end') return;
    if (step.kind === 'stuck') throw stuck(stream, request, step.fault);
    pass = step.pass;
  }
}

/**
 * How a pass goes on after a failure; null: not at all. In the middle of a list it is worth some patience, because the next attempt
 * begins with the first page again: a list of more pages than the quota allows in one go would never be read to its end.
 */
function afterFailure(pass: TokenPass, error: SourceError, failures: number): TokenPass | null {
  if (pass.token === null) return null;
  switch (error.kind) {
    case 'rejected':
      return receiveTokenRefusal(pass);
    case 'throttled':
      return failures <= throttlesMax ? pass : null;
    case 'drift':
      return failures <= unreadableMax ? pass : null;
    case 'transient':
    case 'credentials':
      return null;
    default:
      return assertNever(error.kind);
  }
}

const faultTexts: Readonly<Record<TokenFault, string>> = {
  repeated_token: 'gave a NextToken that it had given before: its pages go in a circle',
  endless_empty_pages: 'gave more than 100 empty pages in a row, each with another NextToken',
  endless_pages: 'gave 10,000 pages and still a NextToken',
};

function stuck(stream: Pick<StreamRuntime, 'name'>, request: ApiRequest, fault: TokenFault) {
  return new SourceError(
    'drift',
    `${request.api} for stream ${stream.name} ${faultTexts[fault]}. What was read is stored; the list was left there and is ` +
      'read anew from its beginning. Lasting: a cache between here and the server? Report it to the provider',
    { detail: { api: request.api, code: fault } },
  );
}
