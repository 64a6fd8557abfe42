import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import { quoted } from '../../domain/redact.ts';
import type { HttpResponse } from '../../http/message.ts';
import { boundedWaitMs, retryAfterMsOf } from '../../http/retryAfter.ts';
import type { ApiRequest } from '../apiRequest.ts';
import {
  detailOf,
  nameOf,
  plainText,
  requestIdOf,
  whatCameBack,
  type Attempt,
} from '../attempt.ts';
import { clockAdvice, clockSkewOf } from '../clockSkew.ts';
import { SourceError } from '../sourceError.ts';
import { refusalOf } from './refusals.ts';

/** The error for an answer outside 2xx. `body` is undefined when it is not JSON (an HTML page of a proxy, nothing). */
export function refusedError(
  attempt: Attempt,
  answer: {
    readonly response: HttpResponse;
    readonly body: JsonValue | undefined;
    readonly receivedAtMs: number;
  },
): SourceError {
  const { response, body, receivedAtMs } = answer;
  const dialect = dialectOf(attempt.request);
  const stated = statedError(dialect, body);
  const { status, headers } = response;
  const refusal = refusalOf({ dialect, status, code: stated.code });
  const skewMs = refusal.cause === 'clock' ? clockSkewOf(headers['date'], receivedAtMs) : undefined;
  const detail = detailOf(attempt, {
    status,
    code: stated.code,
    requestId: requestIdOf(headers) ?? stated.requestId,
    retryAfterMs: retryAfterOf(headers, receivedAtMs),
    clockSkewMs: skewMs,
  });
  const advice = refusal.cause === 'clock' ? clockAdvice(skewMs) : refusal.advice;
  const said = quoteOf(stated);
  return new SourceError(
    refusal.kind,
    `${nameOf(attempt)} was refused: ${whatCameBack(detail)}${said}; ${advice}`,
    { detail },
  );
}

/** True when the keys were refused as such, so that fresh ones may help; a wrong clock or a missing permission is not. */
export function areKeysRefused({ request }: Attempt, { detail }: SourceError): boolean {
  const { status, code } = detail;
  if (status === undefined) return false;
  return refusalOf({ dialect: dialectOf(request), status, code }).cause === 'keys';
}

function dialectOf(request: ApiRequest): 'sls' | 'openapi' {
  return request.product === 'sls' ? 'sls' : 'openapi';
}

interface StatedError {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly requestId: string | undefined;
}

/** A wrong signature is answered with the text that was to be signed, token and query included: never quoted. */
function quoteOf({ code, message }: StatedError): string {
  if (message === undefined || code?.includes('Signature') === true) return '';
  return `, "${quoted(message)}"`;
}

/** SLS: `{errorCode, errorMessage}`. OpenAPI: `{Code, Message, RequestId}`. */
function statedError(dialect: 'sls' | 'openapi', body: JsonValue | undefined): StatedError {
  const fields = isJsonObject(body) ? body : {};
  const [code, message] =
    dialect === 'sls'
      ? [fields['errorCode'], fields['errorMessage']]
      : [fields['Code'], fields['Message']];
  return {
    code: plainText(code),
    message: typeof message === 'string' && message !== '' ? message : undefined,
    requestId: plainText(fields['RequestId']),
  };
}

/** x-acs-retry-after is in milliseconds, and goes before Retry-After. */
function retryAfterOf(headers: HttpResponse['headers'], nowMs: number): number | undefined {
  const own = headers['x-acs-retry-after'] ?? '';
  const waitMs = /^\d+$/.test(own) ? boundedWaitMs(Number(own)) : retryAfterMsOf(headers, nowMs);
  return waitMs ?? undefined;
}
