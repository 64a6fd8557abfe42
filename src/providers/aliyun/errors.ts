import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import { quoted } from '../../domain/redact.ts';
import type { HttpError } from '../../http/httpError.ts';
import type { JsonFault } from '../../http/json.ts';
import type { HttpResponse } from '../../http/message.ts';
import { assertNever } from '../../domain/assertNever.ts';
import type { ApiRequest } from '../apiRequest.ts';
import { SourceError, type SourceErrorDetail } from '../sourceError.ts';
import { clockAdvice, clockSkewOf } from './clockSkew.ts';
import { refusalOf } from './refusals.ts';

/** What was attempted, on which account. */
export interface Attempt {
  readonly account: string;
  readonly request: ApiRequest;
}

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

/** The error for a 2xx answer whose body cannot be read. Cut in the middle: transient. Anything else: drift. */
export function unreadableError(
  attempt: Attempt,
  answer: { readonly response: HttpResponse; readonly fault: JsonFault },
): SourceError {
  const { status, headers } = answer.response;
  const detail = detailOf(attempt, { status, requestId: requestIdOf(headers) });
  const start = `${nameOf(attempt)} came back unreadable: ${whatCameBack(detail)}`;
  switch (answer.fault) {
    case 'truncated':
      return new SourceError('transient', `${start}, the body is cut short; it is tried again`, {
        detail,
      });
    case 'malformed':
    case 'too_deep': {
      const fault = answer.fault === 'malformed' ? 'is not JSON' : 'is nested beyond all reason';
      const type = quoted(headers['content-type'] ?? 'none');
      return new SourceError(
        'drift',
        `${start}, the body ${fault} (content type: ${type}); check that the endpoint is the API's own, not a proxy or login page`,
        { detail },
      );
    }
    default:
      return assertNever(answer.fault);
  }
}

/** The error for a request that got no complete answer. Not for aborted ones: those are the caller's own. */
export function unansweredError(attempt: Attempt, cause: HttpError): SourceError {
  const start = `${nameOf(attempt)} got no complete answer: ${quoted(cause.message)}`;
  const options = { detail: detailOf(attempt, {}), cause };
  return cause.kind === 'too_large'
    ? new SourceError('rejected', `${start}; ask for less at once (pageSize)`, options)
    : new SourceError(
        'transient',
        `${start}; it is tried again. When it stays so, check the endpoint, the region and the network`,
        options,
      );
}

/** The error for a request that cannot even be sent: no such product here, no such project name. */
export function unsendableError(attempt: Attempt, reason: string): SourceError {
  return new SourceError('rejected', `${nameOf(attempt)} was not sent: ${reason}`, {
    detail: detailOf(attempt, {}),
  });
}

function dialectOf(request: ApiRequest): 'sls' | 'openapi' {
  return request.product === 'sls' ? 'sls' : 'openapi';
}

function nameOf({ account, request }: Attempt): string {
  const project = request.project === undefined ? '' : ` of project ${quoted(request.project)}`;
  return `${request.api}${project} (account ${account})`;
}

function whatCameBack({ status, code, requestId }: SourceErrorDetail): string {
  const id = requestId === undefined ? '' : `, request id ${requestId}`;
  return `HTTP ${status ?? '?'}${code === undefined ? '' : ` ${code}`}${id}`;
}

type Facts = {
  readonly [Name in Exclude<keyof SourceErrorDetail, 'api'>]?: SourceErrorDetail[Name] | undefined;
};

/** Leaves out what is unknown, as `exactOptionalPropertyTypes` asks. */
function detailOf({ request }: Attempt, facts: Facts): SourceErrorDetail {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return { api: request.api, ...Object.fromEntries(known) };
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

function requestIdOf(headers: HttpResponse['headers']): string | undefined {
  return plainText(headers['x-log-requestid'] ?? headers['x-acs-request-id']);
}

/** A code or id that goes into messages and metrics as it is; anything else a server calls so is left out. */
function plainText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
}

/** No quota of these services is counted over more than a minute; a longer wait is a mistake or a trap. */
const RETRY_AFTER_MS_MAX = 3_600_000;

function retryAfterOf(headers: HttpResponse['headers'], nowMs: number): number | undefined {
  const waitMs = waitOf(headers, nowMs);
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_MS_MAX) : undefined;
}

/** x-acs-retry-after is in milliseconds; Retry-After is in seconds, or a date. NaN when neither can be read. */
function waitOf(headers: HttpResponse['headers'], nowMs: number): number {
  const own = headers['x-acs-retry-after'] ?? '';
  if (/^\d+$/.test(own)) return Number(own);
  const standard = headers['retry-after'] ?? '';
  return /^\d+$/.test(standard) ? Number(standard) * 1_000 : Date.parse(standard) - nowMs;
}
