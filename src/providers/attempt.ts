import type { JsonValue } from '../domain/json.ts';
import { quoted } from '../domain/redact.ts';
import type { HttpError } from '../http/httpError.ts';
import type { JsonFault } from '../http/json.ts';
import type { HttpResponse } from '../http/message.ts';
import { assertNever } from '../domain/assertNever.ts';
import type { ApiRequest } from './apiRequest.ts';
import { SourceError, type SourceErrorDetail } from './sourceError.ts';

/** What was attempted, on which account. */
export interface Attempt {
  readonly account: string;
  readonly request: ApiRequest;
}

/** The error for a 2xx answer whose body cannot be read. Cut in the middle: transient. Anything else: drift. */
export function unreadableError(
  attempt: Attempt,
  answer: { readonly response: Omit<HttpResponse, 'body'>; readonly fault: JsonFault },
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

/** `ListDownloadJobs of project big-game (account prod)` */
export function nameOf({ account, request }: Attempt): string {
  const project = request.project === undefined ? '' : ` of project ${quoted(request.project)}`;
  return `${request.api}${project} (account ${account})`;
}

/** `HTTP 403 ReadQuotaExceed, request id 1A2B` */
export function whatCameBack({ status, code, requestId }: SourceErrorDetail): string {
  const id = requestId === undefined ? '' : `, request id ${requestId}`;
  return `HTTP ${status ?? '?'}${code === undefined ? '' : ` ${code}`}${id}`;
}

type Facts = {
  readonly [Name in Exclude<keyof SourceErrorDetail, 'api'>]?: SourceErrorDetail[Name] | undefined;
};

/** The detail of an error, without what is unknown (`exactOptionalPropertyTypes`). */
export function detailOf({ request }: Attempt, facts: Facts): SourceErrorDetail {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return { api: request.api, ...Object.fromEntries(known) };
}

/** The id a service gave to the request, from whichever header it uses. */
export function requestIdOf(headers: HttpResponse['headers']): string | undefined {
  return plainText(
    headers['x-log-requestid'] ?? headers['x-acs-request-id'] ?? headers['x-request-id'],
  );
}

/** A code or id that goes into messages and metrics as it is; anything else a server calls so is left out. */
export function plainText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
}
