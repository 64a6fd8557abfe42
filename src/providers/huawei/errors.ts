import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import { quoted } from '../../domain/redact.ts';
import type { HttpResponse } from '../../http/message.ts';
import {
  detailOf,
  nameOf,
  plainText,
  requestIdOf,
  whatCameBack,
  type Attempt,
} from '../attempt.ts';
import { clockAdvice, clockSkewOf, isClockOff } from '../clockSkew.ts';
import { SourceError } from '../sourceError.ts';
import { refusalOf } from './refusals.ts';

/**
 * The error for an answer that is not what was asked for. `body` is undefined when it is not JSON.
 * @param answer.random 0 <= random < 1: workers that were throttled together do not come back together
 */
export function refusedError(
  attempt: Attempt,
  answer: {
    readonly response: HttpResponse;
    readonly body: JsonValue | undefined;
    readonly receivedAtMs: number;
    readonly random: number;
  },
): SourceError {
  const { response, body, receivedAtMs, random } = answer;
  const { status, headers } = response;
  const stated = statedError(body);
  const refusal = refusalOf({ status, code: stated.code });
  // The gateway has one code for a wrong key, a wrong signature and a wrong time.
  const skewMs = refusal.cause === 'keys' ? clockSkewOf(headers['date'], receivedAtMs) : undefined;
  const isClock = skewMs !== undefined && isClockOff(skewMs);
  const windowMs = refusal.kind === 'throttled' ? windowOf(stated.message) : undefined;
  const detail = detailOf(attempt, {
    status,
    code: stated.code,
    requestId: requestIdOf(headers) ?? stated.requestId,
    retryAfterMs: windowMs === undefined ? undefined : Math.round(windowMs * (1 + random / 10)),
    clockSkewMs: isClock ? skewMs : undefined,
  });
  const advice = isClock ? clockAdvice(skewMs) : refusal.advice;
  // What the gateway says of a key names the key.
  const isQuotable = stated.message !== undefined && refusal.kind !== 'credentials';
  const said = isQuotable ? `, "${quoted(stated.message)}"` : '';
  return new SourceError(
    refusal.kind,
    `${nameOf(attempt)} was refused: ${whatCameBack(detail)}${said}; ${advice}`,
    { detail },
  );
}

interface StatedError {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly requestId: string | undefined;
}

/** Service: `{error_code, error_msg}`. Gateway: the same and `request_id`. IAM, as Keystone: `{error: {message, code, title}}`. */
function statedError(body: JsonValue | undefined): StatedError {
  const fields = isJsonObject(body) ? body : {};
  const keystone = isJsonObject(fields['error']) ? fields['error'] : {};
  const message = fields['error_msg'] ?? keystone['message'];
  return {
    code: plainText(fields['error_code'] ?? keystone['error_code']),
    message: typeof message === 'string' && message !== '' ? message : undefined,
    requestId: plainText(fields['request_id']),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
};
const WINDOW_MS_MAX = 3_600_000;

/** `policy user over ratelimit,limit:10,time:1 minute`: the window stands nowhere but in the message. Milliseconds. */
function windowOf(message: string | undefined): number | undefined {
  const [, amount, unit] = /time:\s*(\d{1,4})\s*(second|minute|hour)/i.exec(message ?? '') ?? [];
  const unitMs = UNIT_MS[unit?.toLowerCase() ?? ''];
  if (unitMs === undefined || Number(amount) === 0) return undefined;
  return Math.min(Number(amount) * unitMs, WINDOW_MS_MAX);
}
