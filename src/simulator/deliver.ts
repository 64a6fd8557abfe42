import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import type { FaultPlan } from './faults.ts';

const TRICKLE_PIECES = 10;
/** Above Node's default limit of 16 KiB, below the 64 KiB that proxies commonly allow. */
const HUGE_HEADER_CHARACTERS = 20_000;
const NOT_JSON = '<!doctype html><title>Welcome</title><p>Please sign in to the network.</p>';

/** How the answer left: a status, or what was done to the connection instead. */
export type Delivery = number | 'reset' | 'cut';

/**
 * Sends the answer, with whatever the plan does to it on the way. Waits no longer than the plan says.
 * @throws AbortError when `signal` fires while it waits
 */
export async function deliver(
  response: ServerResponse,
  sent: {
    readonly answer: Answer;
    readonly faults: FaultPlan | null;
    readonly requestId: string;
    readonly requestIdHeader: string;
    readonly nowMs: number;
  },
  signal: AbortSignal,
): Promise<Delivery> {
  const { faults } = sent;
  const answer: Answer = faults?.plain.has('notJson')
    ? { status: 200, contentType: 'text/html', body: NOT_JSON }
    : sent.answer;
  if (faults !== null && faults.delayMs > 0) await sleep(faults.delayMs, undefined, { signal });
  if (faults?.plain.has('reset')) {
    response.socket?.resetAndDestroy();
    return 'reset';
  }
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  // Told by the simulated clock: clients measure their own clock's error from it.
  response.sendDate = false;
  response.writeHead(answer.status, {
    date: new Date(sent.nowMs).toUTCString(),
    server: 'Simulated',
    'content-type': answer.contentType ?? 'application/json',
    ...lengthOf(answer, body),
    [sent.requestIdHeader]: sent.requestId,
    ...answer.headers,
    ...(faults?.plain.has('hugeHeaders')
      ? { 'x-log-query-info': 'q'.repeat(HUGE_HEADER_CHARACTERS) }
      : {}),
  });
  if (answer.pieces !== undefined) {
    return sendPieces(response, answer.pieces, {
      ...handlingOf(faults, answer.bodyBytes ?? null),
      signal,
    });
  }
  if (faults?.plain.has('cutBody') && body.length > 1) {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      response.socket?.destroySoon();
    });
    return 'cut';
  }
  if (faults !== null && faults.trickleMs > 0) {
    await trickle(response, body, faults.trickleMs, signal);
  } else response.end(body);
  return answer.status;
}

function lengthOf(answer: Answer, body: Buffer): Readonly<Record<string, number>> {
  if (answer.pieces === undefined) return { 'content-length': body.length };
  return answer.bodyBytes === undefined ? {} : { 'content-length': answer.bodyBytes };
}

/** What is done to an answer that is sent in pieces. */
interface Handling {
  /** The connection is cut after so many bytes, 0: after the first piece; null: not. */
  readonly cutAtByte: number | null;
  /** Waited after each of these many bytes; null: nothing is waited for. */
  readonly trickle: { readonly stepBytes: number; readonly stepMs: number } | null;
}

function handlingOf(faults: FaultPlan | null, bodyBytes: number | null): Handling {
  if (faults === null) return { cutAtByte: null, trickle: null };
  const isCut = faults.plain.has('cutBody') && (bodyBytes === null || bodyBytes > 1);
  const stepBytes = Math.max(1, Math.ceil((bodyBytes ?? 0) / TRICKLE_PIECES));
  // Anywhere inside the body where its length is known.
  const cutAtByte = bodyBytes === null ? 0 : 1 + Math.floor(faults.draw * (bodyBytes - 1));
  return {
    cutAtByte: isCut ? cutAtByte : null,
    trickle:
      faults.trickleMs === 0 || bodyBytes === null
        ? null
        : { stepBytes, stepMs: faults.trickleMs / TRICKLE_PIECES },
  };
}

async function sendPieces(
  response: ServerResponse,
  pieces: Iterable<Buffer>,
  { cutAtByte, trickle: steps, signal }: Handling & { readonly signal: AbortSignal },
): Promise<Delivery> {
  let sentBytes = 0;
  for (const piece of pieces) {
    const stepBytes = steps?.stepBytes ?? piece.length;
    for (let start = 0; start < piece.length; start += stepBytes) {
      if (response.destroyed) return 'cut';
      const part = piece.subarray(start, start + stepBytes);
      const isCut = cutAtByte !== null && sentBytes + part.length >= cutAtByte;
      const isShortened = isCut && cutAtByte > 0;
      await written(response, isShortened ? part.subarray(0, cutAtByte - sentBytes) : part);
      sentBytes += part.length;
      if (isCut) {
        response.socket?.destroySoon();
        return 'cut';
      }
      if (steps !== null) await sleep(steps.stepMs, undefined, { signal });
    }
  }
  response.end();
  return response.statusCode;
}

/** The caller is the brake: nothing is made that nobody takes. Ends with an error too, when the caller hung up. */
function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => {
      resolve();
    });
  });
}

async function trickle(
  response: ServerResponse,
  body: Buffer,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  const pieceBytes = Math.max(1, Math.ceil(body.length / TRICKLE_PIECES));
  for (let start = 0; start < body.length; start += pieceBytes) {
    const piece = body.subarray(start, start + pieceBytes);
    await written(response, piece);
    await sleep(durationMs / TRICKLE_PIECES, undefined, { signal });
  }
  response.end();
}
