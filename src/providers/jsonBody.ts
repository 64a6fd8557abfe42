import { isAscii } from 'node:buffer';
import type { JsonValue } from '../domain/json.ts';
import { JsonError, parseJson } from '../http/json.ts';
import type { HttpResponse } from '../http/message.ts';
import type { ApiRequest } from './apiRequest.ts';

/** A body as JSON; `body` undefined where it is none, and why. */
export type JsonBody =
  | { readonly body: JsonValue; readonly fault?: never }
  | { readonly body: undefined; readonly fault: JsonError['fault'] };

/** Create and delete answer with no body at all: read as null. A read that answers nothing was cut off. */
export function readJsonBody(
  request: Pick<ApiRequest, 'method'>,
  response: Pick<HttpResponse, 'body'>,
): JsonBody {
  if (response.body.length === 0 && request.method !== 'GET') return { body: null };
  try {
    return { body: parseJson(textOf(response.body)) };
  } catch (error) {
    if (error instanceof JsonError) return { body: undefined, fault: error.fault };
    throw error;
  }
}

/** ASCII, which most answers are, decodes ten times as fast as what it is. */
function textOf(body: Buffer): string {
  return body.toString(isAscii(body) ? 'latin1' : 'utf8');
}
