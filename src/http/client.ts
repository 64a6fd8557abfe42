import type { LookupFunction } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import { codeOf, httpErrorOf, HttpError, type HttpErrorKind } from './httpError.ts';
import type { HttpRequest, HttpResponse, StreamedResponse } from './message.ts';

/** Sends one request once: no retry, no redirect, no cookie. Any status is an answer, not a failure. */
export interface HttpClient {
  /** @throws HttpError */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /**
   * Sends one request and hands its answer to `consume` while the body is still coming: of any size, `consume` bounds it.
   * What `consume` throws passes through as it is. Nothing of the body can be read once `consume` has ended.
   * @throws HttpError
   */
  stream<T>(
    request: HttpRequest,
    consume: (response: StreamedResponse) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Ends idle connections and cuts those in use. */
  close(): Promise<void>;
}

/** Bounds of every request. */
export interface HttpLimits {
  /** Name lookup, TCP and TLS. @default 10_000 */
  readonly connectTimeoutMs: number;
  /** From the request sent to its answer's first line. SQL runs long. @default 120_000 */
  readonly headersTimeoutMs: number;
  /** Between two pieces of the body. @default 60_000 */
  readonly bodyIdleTimeoutMs: number;
  /** From start to end, waiting for a free connection included. @default 300_000 */
  readonly totalTimeoutMs: number;
  /** The same for a streamed answer, reading it included. @default 3_600_000 */
  readonly streamTimeoutMs: number;
  /** Of the body, as sent and as unpacked. @default 64 MiB */
  readonly bodyBytesMax: number;
  /** Of all response headers; SLS repeats the SQL in them, a token of IAM has up to 100,000 characters. @default 256 KiB */
  readonly headerBytesMax: number;
  /** Per origin. @default 16 */
  readonly connectionsMax: number;
}

const DEFAULT_LIMITS: HttpLimits = {
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 120_000,
  bodyIdleTimeoutMs: 60_000,
  totalTimeoutMs: 300_000,
  streamTimeoutMs: 3_600_000,
  bodyBytesMax: 64 * 1024 * 1024,
  headerBytesMax: 256 * 1024,
  connectionsMax: 16,
};

/**
 * Opens a client with keep-alive connections, shared by all accounts of a process. `lookup` resolves the hosts that it connects
 * to; an address in the place of a host is not looked up. @default the lookup of Node
 */
export function createHttpClient(
  limits: Partial<HttpLimits> = {},
  options: { readonly lookup?: LookupFunction } = {},
): HttpClient {
  const bounds: HttpLimits = { ...DEFAULT_LIMITS, ...limits };
  const agent = new Agent({
    connections: bounds.connectionsMax,
    maxHeaderSize: bounds.headerBytesMax,
    connect: { timeout: bounds.connectTimeoutMs, ...options },
  });
  return {
    send: async (request, signal) => {
      const deadline = startDeadline(bounds.totalTimeoutMs, signal);
      try {
        return await exchange({ agent, request, bounds, coding: 'gzip' }, deadline.signal);
      } catch (error) {
        throw httpErrorOf(request, error, deadline.endedBy());
      } finally {
        deadline.stop();
      }
    },
    stream: async (request, consume, signal) => {
      const deadline = startDeadline(bounds.streamTimeoutMs, signal);
      const failure = (error: unknown) => httpErrorOf(request, error, deadline.endedBy());
      try {
        const answer = await begin(
          { agent, request, bounds, coding: 'identity' },
          deadline.signal,
        ).catch((error: unknown) => {
          throw failure(error);
        });
        const { body, statusCode: status } = answer;
        try {
          const headers = decodeHeaders(answer.headers);
          return await consume({ status, headers, body: piecesOf(body, failure) });
        } finally {
          // What was not read is not waited for; a body that was read to its end leaves the connection as it is.
          body.on('error', () => undefined).destroy();
        }
      } finally {
        deadline.stop();
      }
    },
    close: () => agent.destroy(),
  };
}

interface Exchange {
  readonly agent: Agent;
  readonly request: HttpRequest;
  readonly bounds: HttpLimits;
  readonly coding: 'gzip' | 'identity';
}

/** Sends the request; the body of its answer is still to be read. */
async function begin(
  { agent, request, bounds, coding }: Exchange,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  signal.throwIfAborted();
  return agent.request({
    origin: request.origin,
    path: request.path,
    method: request.method,
    headers: { 'accept-encoding': coding, ...request.headers },
    body: request.body ?? null,
    headersTimeout: bounds.headersTimeoutMs,
    bodyTimeout: bounds.bodyIdleTimeoutMs,
    signal,
  });
}

async function exchange(sent: Exchange, signal: AbortSignal): Promise<HttpResponse> {
  const { request, bounds } = sent;
  const answer = await begin(sent, signal);
  const packed = await readBody(answer.body, { request, bytesMax: bounds.bodyBytesMax });
  const headers = decodeHeaders(answer.headers);
  const coding = headers['content-encoding']?.toLowerCase();
  return {
    status: answer.statusCode,
    headers,
    body:
      packed.length > 0 && (coding === 'gzip' || coding === 'x-gzip')
        ? unpack(packed, { request, bytesMax: bounds.bodyBytesMax })
        : packed,
  };
}

interface BodyBound {
  readonly request: HttpRequest;
  readonly bytesMax: number;
}

/** The pieces of a streamed body; what fails is told as `failure` translates it. */
async function* piecesOf(
  body: Dispatcher.ResponseData['body'],
  failure: (error: unknown) => HttpError,
): AsyncGenerator<Buffer> {
  const pieces = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const piece = await pieces.next().catch((error: unknown) => {
      throw failure(error);
    });
    if (piece.done === true) return;
    yield piece.value;
  }
}

/** Leaving the loop by the throw destroys the connection: nothing more is read from a server that sends too much. */
async function readBody(
  body: Dispatcher.ResponseData['body'],
  { request, bytesMax }: BodyBound,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) throw tooLarge(request, bytesMax);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

/** The bound holds for the unpacked size too, so that 1 MB of zeros packed a thousandfold cannot fill the memory. */
function unpack(packed: Buffer, { request, bytesMax }: BodyBound): Buffer {
  try {
    // 256 KiB chunks: measured twice as fast as the default 16 KiB (Node 20).
    return gunzipSync(packed, { maxOutputLength: bytesMax, chunkSize: 256 * 1024 });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(request, bytesMax);
    throw error;
  }
}

function tooLarge(request: HttpRequest, bytesMax: number): HttpError {
  return new HttpError('too_large', request, `the body is larger than ${bytesMax} bytes`);
}

/** HTTP headers are bytes: undici reads them as latin1, the clouds write UTF-8 (a query text, an error text). */
function decodeHeaders(raw: Dispatcher.ResponseData['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || name === '__proto__') continue;
    const joined = Array.isArray(value) ? value.join(', ') : value;
    headers[name] = Buffer.from(joined, 'latin1').toString('utf8');
  }
  return headers;
}

/**
 * One signal that fires at the deadline or with the caller's. Not AbortSignal.any: on Node 20 it keeps a reference per
 * request as long as the caller's signal lives, and that is the daemon's.
 */
function startDeadline(timeoutMs: number, callerSignal: AbortSignal) {
  const controller = new AbortController();
  let endedBy: Extract<HttpErrorKind, 'timeout' | 'aborted'> | undefined;
  const end = (kind: 'timeout' | 'aborted', reason: unknown) => {
    endedBy ??= kind;
    controller.abort(reason);
  };
  const onAbort = () => {
    end('aborted', callerSignal.reason);
  };
  const timer = setTimeout(() => {
    end('timeout', new Error(`no complete answer within ${timeoutMs} ms`));
  }, timeoutMs);
  if (callerSignal.aborted) onAbort();
  else callerSignal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    endedBy: () => endedBy,
    stop: () => {
      clearTimeout(timer);
      callerSignal.removeEventListener('abort', onAbort);
    },
  };
}
