import type { HttpClient } from '../http/client.ts';
import { HttpError } from '../http/httpError.ts';
import { JsonError } from '../http/json.ts';
import { jsonRows } from '../http/jsonRows.ts';
import type { HttpRequest, HttpResponse, StreamedResponse } from '../http/message.ts';
import type { JsonValue } from '../domain/json.ts';
import type { StreamedAnswer } from './apiRequest.ts';
import { unansweredError, unreadableError, type Attempt } from './attempt.ts';

/** More of an error body than this tells nobody anything. */
const ERROR_BODY_BYTES_MAX = 64 * 1024;

/** What a provider knows of its answers. */
interface AnswerJudge {
  /** The error for an answer outside 2xx, and for one whose body is an error in spite of its status. */
  readonly refused: (response: HttpResponse) => Error;
  /** True when a 2xx body that begins like this is an error body. Asked with the first bytes, at least one. */
  readonly isErrorBody: (start: Buffer) => boolean;
}

/**
 * Sends a signed request and hands its 2xx answer to `consume` while it comes in: what CloudApi.stream promises, for every
 * provider.
 */
export async function streamAnswer<T>(
  to: AnswerJudge & {
    readonly http: Pick<HttpClient, 'stream'>;
    readonly attempt: Attempt;
    readonly request: HttpRequest;
  },
  consume: (answer: StreamedAnswer) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { http, attempt, request, refused, isErrorBody } = to;
  const translated = (error: unknown): unknown =>
    error instanceof HttpError && error.kind !== 'aborted'
      ? unansweredError(attempt, error)
      : error;
  try {
    return await http.stream(
      request,
      async ({ status, headers, body }) => {
        const pieces = body[Symbol.asyncIterator]();
        const start = await firstPiece(pieces);
        const isError = status < 200 || status > 299 || (start !== null && isErrorBody(start));
        if (isError) throw refused({ status, headers, body: await restOf(start, pieces) });
        const answer = { headers, body: rejoined(start, pieces, translated) };
        return consume({ ...answer, rows: () => rowsOf(attempt, { status, ...answer }) });
      },
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw translated(error);
  }
}

type Pieces = AsyncIterator<Buffer>;

async function firstPiece(pieces: Pieces): Promise<Buffer | null> {
  for (;;) {
    const piece = await pieces.next();
    if (piece.done === true) return null;
    if (piece.value.length > 0) return piece.value;
  }
}

async function restOf(start: Buffer | null, pieces: Pieces): Promise<Buffer> {
  const kept = start === null ? [] : [start];
  let bytes = start?.length ?? 0;
  while (bytes < ERROR_BODY_BYTES_MAX) {
    const piece = await pieces.next();
    if (piece.done === true) break;
    kept.push(piece.value);
    bytes += piece.value.length;
  }
  return Buffer.concat(kept).subarray(0, ERROR_BODY_BYTES_MAX);
}

async function* rejoined(
  start: Buffer | null,
  pieces: Pieces,
  translated: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  if (start !== null) yield start;
  for (;;) {
    const piece = await pieces.next().catch((error: unknown) => {
      throw translated(error);
    });
    if (piece.done === true) return;
    yield piece.value;
  }
}

async function* rowsOf(
  attempt: Attempt,
  answer: StreamedResponse,
): AsyncGenerator<readonly JsonValue[]> {
  try {
    yield* jsonRows(answer.body);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw unreadableError(attempt, { response: answer, fault: error.fault });
  }
}
