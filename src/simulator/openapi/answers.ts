import type { Answer } from '../answer.ts';
import type { Refusal } from '../faults.ts';

/** An error before it is told under which request id: products of the OpenAPI family repeat the id in the body. */
export interface OpenApiError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one error shape of OOS, ActionTrail and their siblings. */
export function errorAnswer(
  { status, code, message, headers = {} }: OpenApiError,
  told: { readonly requestId: string; readonly host: string },
): Answer {
  return {
    status,
    headers,
    body: JSON.stringify({
      RequestId: told.requestId,
      HostId: told.host,
      Code: code,
      Message: message,
      Recommend: `https://api.aliyun.com/troubleshoot?q=${code}`,
    }),
  };
}

const RETRY_AFTER_MS = 1_500;

/** What the gateway gives instead of the answer that was asked for. A throttling answer says how long to wait every other time. */
export function refusalOf(refusal: Refusal, draw: number): Answer | OpenApiError {
  switch (refusal) {
    case 'throttle':
      return {
        status: 400,
        code: 'Throttling.User',
        message: 'Request was denied due to user flow control.',
        headers: draw < 0.5 ? { 'x-acs-retry-after': String(RETRY_AFTER_MS) } : {},
      };
    case 'internalServerError':
      return {
        status: 500,
        code: 'InternalError',
        message: 'The request processing has failed due to some unknown error.',
      };
    case 'emptyServerError':
      return { status: 500, body: '' };
    case 'serverBusy':
      return {
        status: 503,
        code: 'ServiceUnavailable',
        message: 'The service is unavailable. Please try again later.',
      };
    case 'badGateway':
      return {
        status: 502,
        contentType: 'text/html',
        body: '<html><head><title>502 Bad Gateway</title></head><body>bad gateway</body></html>',
      };
  }
}
