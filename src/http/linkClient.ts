import { lookup as lookupHost } from 'node:dns/promises';
import type { HostPattern } from '../domain/hostPattern.ts';
import { assertNever } from '../domain/assertNever.ts';
import type { FileAnswer } from '../engine/filePort.ts';
import { LinkError, type LinkClient } from '../engine/linkPort.ts';
import { classOfAddress } from './addressClass.ts';
import { createHttpClient, type HttpClient, type HttpLimits } from './client.ts';
import { AddressRefused, guardedLookup, type ResolveHost } from './guardedLookup.ts';
import { codeOf, HttpError } from './httpError.ts';
import {
  judgeAnswer,
  linkFaultOf,
  rangeHeaders,
  rangeOf,
  storeCodeOf,
  type LinkRange,
} from './linkAnswer.ts';
import { hostOf, redirectedTo, targetOf, type LinkTarget } from './linkTarget.ts';
import type { HttpRequest, StreamedResponse } from './message.ts';
import { retryAfterMsOf } from './retryAfter.ts';

const redirectsMax = 3;
/** Of an object store; an API may take longer to answer, see HttpLimits. */
const headersTimeoutMs = 60_000;

export interface LinkClientOptions {
  /** Anything else is not even looked up. */
  readonly allowedHosts: readonly HostPattern[];
  /** For Retry-After dates. */
  readonly nowMs: () => number;
  readonly limits?: Partial<HttpLimits>;
  /** @default the lookup of the system */
  readonly lookup?: ResolveHost;
}

/**
 * Opens a client for pre-signed links: GET only, on the one HTTP client. `close` cuts what is still coming.
 * A host that is allowed as one below a domain must have public addresses only; one that is named itself may have private ones,
 * but none at which credentials are handed out.
 */
export function createLinkClient(
  options: LinkClientOptions,
): LinkClient & { close(): Promise<void> } {
  const { allowedHosts, nowMs, lookup = systemLookup } = options;
  const limits = { headersTimeoutMs, ...options.limits };
  const clientOf = (isAllowed: (address: string) => boolean): HttpClient =>
    createHttpClient(limits, { lookup: guardedLookup(lookup, isAllowed) });
  // Two, and not one that knows all names: a kept connection must serve only those for whom its address was judged.
  const named = clientOf((address) => classOfAddress(address) !== 'metadata');
  const below = clientOf((address) => classOfAddress(address) === 'public');
  return {
    open: (link) => async (from, consume, signal) => {
      let target = targetOf(link, allowedHosts);
      let range = rangeOf(from);
      for (let redirects = 0; ;) {
        const http = target.isNamed ? named : below;
        const step = await ask({ http, target, range, nowMs }, consume, signal);
        switch (step.kind) {
          case 'consumed':
            return step.value;
          case 'from_start':
            range = null;
            break;
          case 'redirect':
            redirects += 1;
            if (redirects > redirectsMax) {
              const message = `${hostOf(target)} redirects for the ${redirects}th time, which is not followed`;
              throw new LinkError('refused', message);
            }
            target = redirectedTo(target, step.location, allowedHosts);
            break;
          default:
            assertNever(step);
        }
      }
    },
    close: async () => {
      await named.close();
      await below.close();
    },
  };
}

function systemLookup(host: string): ReturnType<ResolveHost> {
  return lookupHost(host, { all: true });
}

interface Question {
  readonly http: HttpClient;
  readonly target: LinkTarget;
  readonly range: LinkRange | null;
  readonly nowMs: () => number;
}

type Step<T> =
  | { readonly kind: 'consumed'; readonly value: T }
  | { readonly kind: 'redirect'; readonly location: string | undefined }
  | { readonly kind: 'from_start' };

/** Sends one request. @throws LinkError; what `consume` throws; the signal's reason */
async function ask<T>(
  { http, target, range, nowMs }: Question,
  consume: (answer: FileAnswer) => Promise<T>,
  signal: AbortSignal,
): Promise<Step<T>> {
  const { origin, pathname, search } = target.url;
  const request: HttpRequest = {
    method: 'GET',
    origin,
    path: `${pathname}${search}`,
    headers: rangeHeaders(range),
  };
  const failure = (error: unknown): unknown => {
    signal.throwIfAborted();
    return error instanceof HttpError ? unansweredError(target, error) : error;
  };
  const receive = async (response: StreamedResponse): Promise<Step<T>> => {
    const answer = judgeAnswer(response, range);
    switch (answer.kind) {
      case 'file': {
        const { startsAt, totalBytes } = answer;
        const { headers } = response;
        const body = toItsEnd(target, { body: response.body, startsAt, totalBytes }, failure);
        const value = await consume({ headers, body, startsAt, totalBytes });
        return { kind: 'consumed', value };
      }
      case 'redirect':
      case 'from_start':
        return answer;
      case 'failed':
        throw await refusedError(target, response, nowMs);
      default:
        return assertNever(answer);
    }
  };
  try {
    return await http.stream(request, receive, signal);
  } catch (error) {
    throw failure(error);
  }
}

/**
 * The body, up to the end of the file and no further. HTTP watches over the length of a body; that a part of a file reaches its
 * end is said by its Content-Range alone.
 */
async function* toItsEnd(
  target: LinkTarget,
  { body, startsAt, totalBytes }: Omit<FileAnswer, 'headers'>,
  failure: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  let at = startsAt;
  const wrongEnd = (): LinkError =>
    new LinkError('transient', `${hostOf(target)} gave another length than it told`);
  try {
    for await (const piece of body) {
      at += piece.length;
      if (totalBytes !== null && at > totalBytes) throw wrongEnd();
      yield piece;
    }
  } catch (error) {
    throw failure(error);
  }
  if (totalBytes !== null && at < totalBytes) throw wrongEnd();
}

async function refusedError(
  target: LinkTarget,
  { status, headers, body }: StreamedResponse,
  nowMs: () => number,
): Promise<LinkError> {
  const code = await storeCodeOf(body, nowMs);
  const message = `${hostOf(target)} answered HTTP ${status}${code === null ? '' : ` ${code}`}`;
  const retryAfterMs = retryAfterMsOf(headers, nowMs());
  return new LinkError(linkFaultOf(status, code), message, { retryAfterMs });
}

/** An HttpError names the path, so it does not go on as the cause: what it knows is said anew. */
function unansweredError(target: LinkTarget, { kind, cause }: HttpError): LinkError {
  const host = hostOf(target);
  if (cause instanceof AddressRefused) {
    const advice = target.isNamed
      ? 'no entry of downloads.allowedHosts changes that'
      : 'name the host itself in downloads.allowedHosts if it is meant to have a private address';
    return new LinkError('host_refused', `${cause.message}; ${advice}`);
  }
  const code = codeOf(cause);
  const reason = `${kind}${code === '' ? '' : ` (${code})`}`;
  return kind === 'too_large'
    ? new LinkError('refused', `${host} answered with more than is read: ${reason}`)
    : new LinkError('transient', `${host} gave no complete answer: ${reason}`);
}
