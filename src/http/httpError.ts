import { errors } from 'undici';
import type { HttpRequest } from './message.ts';

/**
 * timeout: connecting, the first line, a pause in the body, or the whole took too long. network: no connection, a reset, a
 * cut or garbled answer. too_large: body or headers beyond their bound. aborted: the caller's signal; `cause` is its reason.
 */
export type HttpErrorKind = 'timeout' | 'network' | 'too_large' | 'aborted';

/** Thrown when a request got no complete answer. Names method, host and path, never the query or a header. */
export class HttpError extends Error {
  readonly kind: HttpErrorKind;

  constructor(kind: HttpErrorKind, request: HttpRequest, reason: string, cause?: unknown) {
    super(`${nameOf(request)}: ${reason}`, cause === undefined ? {} : { cause });
    this.name = 'HttpError';
    this.kind = kind;
  }
}

/** Translates what undici, zlib or the deadline threw. `endedBy` tells that our own signal fired, and why. */
export function httpErrorOf(
  request: HttpRequest,
  error: unknown,
  endedBy: 'timeout' | 'aborted' | undefined,
): HttpError {
  if (error instanceof HttpError) return error;
  if (endedBy === 'aborted') return new HttpError('aborted', request, 'aborted', error);
  if (endedBy === 'timeout') {
    return new HttpError('timeout', request, error instanceof Error ? error.message : 'timed out');
  }
  if (error instanceof errors.ConnectTimeoutError) {
    return new HttpError('timeout', request, 'no connection in time', error);
  }
  if (error instanceof errors.HeadersTimeoutError) {
    return new HttpError('timeout', request, 'no answer in time', error);
  }
  if (error instanceof errors.BodyTimeoutError) {
    return new HttpError('timeout', request, 'the body stopped coming', error);
  }
  if (error instanceof errors.HeadersOverflowError) {
    return new HttpError('too_large', request, 'the response headers are larger than allowed');
  }
  return new HttpError('network', request, reasonOf(error), withoutBytes(error));
}

/** The `code` of Node's and undici's errors: `ECONNREFUSED`. Empty when there is none. */
export function codeOf(error: unknown): string {
  return textField(error, 'code');
}

/** Node's "all addresses failed" error has an empty message and only a code. */
function reasonOf(error: unknown): string {
  const parts = [textField(error, 'message'), codeOf(error)].filter((part) => part !== '');
  return parts.join(', ') || 'failed';
}

function textField(error: unknown, name: 'code' | 'message'): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

/** A parser error carries the bytes it could not read, which may hold a pre-signed link; loggers print such fields. */
function withoutBytes(error: unknown): unknown {
  return error instanceof errors.HTTPParserError ? new Error(error.message) : error;
}

function nameOf({ method, origin, path, headers }: HttpRequest): string {
  const address = new URL(origin).host;
  const host = headers['host'] ?? address;
  const via = host === address ? '' : ` (at ${address})`;
  return `${method} ${host}${path.split('?', 1)[0] ?? ''}${via}`;
}
