import { setImmediate } from 'node:timers/promises';
import { HttpError } from '../../http/httpError.ts';
import type { HttpClient } from '../../http/client.ts';
import type { HttpRequest, HttpResponse } from '../../http/message.ts';
import type { ApiRequest, ApiResponse, CloudApi } from '../apiRequest.ts';
import { unansweredError, unreadableError, unsendableError, type Attempt } from '../attempt.ts';
import { readJsonBody } from '../jsonBody.ts';
import { SourceError } from '../sourceError.ts';
import { streamAnswer } from '../streamedAnswer.ts';
import { signAcs3 } from './acs3.ts';
import { sameKeys, type CredentialSource } from './credentials.ts';
import { ALIYUN_PRODUCTS, endpointOf, type AliyunProduct, type Endpoint } from './endpoints.ts';
import { areKeysRefused, refusedError } from './errors.ts';
import { rfc3986Path, rfc3986Query } from '../rfc3986.ts';
import type { Credentials, SignedHeaders } from '../signing.ts';
import { signSlsV1 } from './slsV1.ts';
import { signSlsV4 } from './slsV4.ts';

/** How SLS requests are signed: `accounts.*.signature`. */
export const SLS_SIGNATURES = ['v1-sha256', 'v1-sha1', 'v4'] as const;
export type SlsSignature = (typeof SLS_SIGNATURES)[number];

export interface AliyunApiOptions {
  /** Named in messages. */
  readonly account: string;
  readonly region: string;
  /** Templates that replace the public endpoints; may hold `{project}` and `{region}`. */
  readonly endpoints: { readonly [Product in AliyunProduct]?: string | undefined };
  readonly credentials: CredentialSource;
  readonly signature: SlsSignature;
  readonly http: Pick<HttpClient, 'send' | 'stream'>;
  readonly nowMs: () => number;
  /** A new text at every call, for ACS3. */
  readonly nonce: () => string;
}

/** API versions of the products that are signed with ACS3. */
const OPENAPI_VERSIONS: Readonly<Record<Exclude<AliyunProduct, 'sls'>, string>> = {
  oos: '2019-06-01',
  actiontrail: '2020-07-06',
};

/**
 * Opens the APIs of one Alibaba Cloud account. Every try reads the keys, builds and signs anew. Keys that are refused are
 * renewed and the request is sent once more, when they are of a renewable kind and really changed; nothing else is retried.
 */
export function createAliyunApi(options: AliyunApiOptions): CloudApi {
  return {
    call: (request, signal) =>
      withKeys(options, request, (signed) => tryOnce(options, signed, signal), signal),
    stream: (request, consume, signal) =>
      withKeys(
        options,
        request,
        (signed) => {
          const { attempt } = signed;
          const judge = {
            refused: (response: HttpResponse) => refusedBy(options, attempt, response),
            isErrorBody: () => false,
          };
          const to = { http: options.http, attempt, request: build(options, signed), ...judge };
          return streamAnswer(to, consume, signal);
        },
        signal,
      ),
  };
}

/** A request and the keys to sign it with. */
interface Signable {
  readonly attempt: Attempt;
  readonly keys: Credentials;
}

async function withKeys<T>(
  { account, credentials }: AliyunApiOptions,
  request: ApiRequest,
  send: (signable: Signable) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const attempt: Attempt = { account, request };
  const keys = await credentials.get(signal);
  try {
    return await send({ attempt, keys });
  } catch (error) {
    const mayHelp = error instanceof SourceError && areKeysRefused(attempt, error);
    if (!mayHelp || !credentials.renewable) throw error;
    credentials.renew(keys);
    const fresh = await credentials.get(signal);
    if (sameKeys(keys, fresh)) throw error;
    return send({ attempt, keys: fresh });
  }
}

function refusedBy(
  options: AliyunApiOptions,
  attempt: Attempt,
  response: HttpResponse,
): SourceError {
  const receivedAtMs = options.nowMs();
  const { body } = readJsonBody(attempt.request, response);
  return refusedError(attempt, { response, body, receivedAtMs });
}

async function tryOnce(
  options: AliyunApiOptions,
  { attempt, keys }: Signable,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const response = await send(options, { attempt, keys }, signal);
  const receivedAtMs = options.nowMs();
  const reading = readJsonBody(attempt.request, response);
  // Parsing a page takes milliseconds, and so does what the caller does with it: let waiting transactions go on in between.
  await setImmediate();
  if (response.status < 200 || response.status > 299) {
    throw refusedError(attempt, { response, body: reading.body, receivedAtMs });
  }
  if (reading.body === undefined) {
    throw unreadableError(attempt, { response, fault: reading.fault });
  }
  return { status: response.status, headers: response.headers, body: reading.body };
}

async function send(
  options: AliyunApiOptions,
  { attempt, keys }: Signable,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const request = build(options, { attempt, keys });
  try {
    return await options.http.send(request, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpError) throw unansweredError(attempt, error);
    throw error;
  }
}

function build(options: AliyunApiOptions, { attempt, keys }: Signable): HttpRequest {
  const { request } = attempt;
  const product = ALIYUN_PRODUCTS.find((known) => known === request.product);
  if (product === undefined) {
    throw unsendableError(attempt, `${request.product} is no product of Alibaba Cloud`);
  }
  let endpoint: Endpoint;
  try {
    endpoint = endpointOf({
      product,
      region: options.region,
      project: request.project,
      template: options.endpoints[product],
    });
  } catch (error) {
    throw unsendableError(attempt, error instanceof Error ? error.message : 'no endpoint');
  }
  const query = rfc3986Query(request.query);
  return {
    method: request.method,
    origin: endpoint.origin,
    path: `${rfc3986Path(request.path)}${query === '' ? '' : `?${query}`}`,
    headers: sign(options, { request, product, keys, host: endpoint.host }),
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}

function sign(
  { signature, region, nowMs, nonce }: AliyunApiOptions,
  to: {
    readonly request: ApiRequest;
    readonly product: AliyunProduct;
    readonly keys: Credentials;
    readonly host: string;
  },
): SignedHeaders {
  const { request, product, keys, host } = to;
  const body = request.body ?? '';
  const common = {
    host,
    accept: 'application/json',
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
  };
  const { method, path, query } = request;
  if (product !== 'sls') {
    return signAcs3({ method, path, query, body, headers: common }, keys, {
      nowMs: nowMs(),
      nonce: nonce(),
      action: request.api,
      version: OPENAPI_VERSIONS[product],
    });
  }
  const headers = {
    ...common,
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': String(Buffer.byteLength(body)),
  };
  const parts = { method, path, query, body, headers };
  return signature === 'v4'
    ? signSlsV4(parts, keys, { nowMs: nowMs(), region })
    : signSlsV1(parts, keys, {
        nowMs: nowMs(),
        algorithm: signature === 'v1-sha1' ? 'hmac-sha1' : 'hmac-sha256',
      });
}
