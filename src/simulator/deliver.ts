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
    ...(answer.pieces === undefined ? { 'content-length': body.length } : {}),
    [sent.requestIdHeader]: sent.requestId,
    ...answer.headers,
    ...(faults?.plain.has('hugeHeaders')
      ? { 'x-log-query-info': 'q'.repeat(HUGE_HEADER_CHARACTERS) }
      : {}),
  });
  if (answer.pieces !== undefined) {
    return sendPieces(response, answer.pieces, faults?.plain.has('cutBody') === true);
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

async function sendPieces(
  response: ServerResponse,
  pieces: Iterable<Buffer>,
  isCut: boolean,
): Promise<Delivery> {
  for (const piece of pieces) {
    if (response.destroyed) return 'cut';
    // The caller is the brake: nothing is made that nobody takes.
    await new Promise<void>((resolve) => {
      response.write(piece, () => {
        resolve();
      });
    });
    if (isCut) {
      response.socket?.destroySoon();
      return 'cut';
    }
  }
  response.end();
  return response.statusCode;
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
    // Resolves with an error too when the caller hung up: the next write is then a no-op, and the end is near.
    await new Promise<void>((resolve) => {
      response.write(piece, () => {
        resolve();
      });
    });
    await sleep(durationMs / TRICKLE_PIECES, undefined, { signal });
  }
  response.end();
}
