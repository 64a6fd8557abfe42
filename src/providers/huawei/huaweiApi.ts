import { HttpError } from '../../http/httpError.ts';
import type { HttpClient } from '../../http/client.ts';
import type { HttpRequest, HttpResponse } from '../../http/message.ts';
import type { ApiRequest, ApiResponse, CloudApi } from '../apiRequest.ts';
import { unansweredError, unreadableError, unsendableError, type Attempt } from '../attempt.ts';
import { readJsonBody } from '../jsonBody.ts';
import { rfc3986Path, rfc3986Query } from '../rfc3986.ts';
import { SourceError } from '../sourceError.ts';
import { streamAnswer } from '../streamedAnswer.ts';
import type { HuaweiAccount } from './account.ts';
import { endpointOf, HUAWEI_PRODUCTS } from './endpoints.ts';
import { refusedError } from './errors.ts';
import { createTokenSource, type TokenSource } from './iamToken.ts';
import { createRefusalGate } from './refusalGate.ts';
import { refusalOf } from './refusals.ts';
import { signSdkHmac } from './sdkHmac.ts';

export interface HuaweiApiOptions {
  /** Named in messages. */
  readonly account: string;
  readonly settings: Pick<HuaweiAccount, 'region' | 'projectId' | 'credentials' | 'endpoints'>;
  readonly http: Pick<HttpClient, 'send' | 'stream'>;
  readonly nowMs: () => number;
  /** 0 <= r < 1, for jitter. */
  readonly random: () => number;
}

/**
 * Opens the APIs of one Huawei Cloud account. With an access key every try is signed anew and a refused signature is not tried
 * again; with a password requests carry the account's token, and one that has expired is renewed once.
 */
export function createHuaweiApi(options: HuaweiApiOptions): CloudApi {
  const { account, nowMs } = options;
  const gate = createRefusalGate(nowMs);
  const authorize = authorizationOf(options);

  /** Sends once, and once more with a new token where the one it had has expired. */
  const sendWith = async <T>(
    request: ApiRequest,
    send: (to: Authorized) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    gate.check();
    const attempt: Attempt = { account, request };
    try {
      const first = await authorize.headers(attempt, signal);
      try {
        return await send({ attempt, request: requestOf(options, attempt, first) });
      } catch (error) {
        if (!isTokenRefused(error)) throw error;
        authorize.renew(first);
        const { detail } = error;
        const hasExpired =
          refusalOf({ status: detail.status ?? 0, code: detail.code }).cause === 'token';
        if (!authorize.isRenewable || !hasExpired) throw error;
      }
      const second = await authorize.headers(attempt, signal);
      return await send({ attempt, request: requestOf(options, attempt, second) });
    } catch (error) {
      gate.note(error);
      throw error;
    }
  };

  return {
    call: (request, signal) => sendWith(request, (to) => callOnce(options, to, signal), signal),
    stream: (request, consume, signal) =>
      sendWith(
        request,
        (to) =>
          streamAnswer(
            {
              ...{ http: options.http, ...to, isErrorBody },
              refused: (response) => refusedBy(options, to.attempt, response),
            },
            consume,
            signal,
          ),
        signal,
      ),
  };
}

interface Authorized {
  readonly attempt: Attempt;
  readonly request: HttpRequest;
}

/** An answer of 200 with JSON instead of a file is an error body; no file that is read begins with a brace. */
function isErrorBody(start: Buffer): boolean {
  return start.subarray(0, 64).toString('latin1').trimStart().startsWith('{');
}

async function callOnce(
  options: HuaweiApiOptions,
  { attempt, request }: Authorized,
  signal: AbortSignal,
): Promise<ApiResponse> {
  let response: HttpResponse;
  try {
    response = await options.http.send(request, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpError) throw unansweredError(attempt, error);
    throw error;
  }
  const { status, headers } = response;
  if (status < 200 || status > 299) throw refusedBy(options, attempt, response);
  const reading = readJsonBody(attempt.request, response);
  if (reading.body === undefined) {
    throw unreadableError(attempt, { response, fault: reading.fault });
  }
  return { status, headers, body: reading.body };
}

function refusedBy(
  options: HuaweiApiOptions,
  attempt: Attempt,
  response: HttpResponse,
): SourceError {
  const { body } = readJsonBody({ method: 'GET' }, response);
  const [receivedAtMs, random] = [options.nowMs(), options.random()];
  return refusedError(attempt, { response, body, receivedAtMs, random });
}

function isTokenRefused(error: unknown): error is SourceError {
  return error instanceof SourceError && error.kind === 'credentials';
}

/** How requests of an account prove whose they are. */
interface Authorization {
  /** The headers of one request, those that prove it included. */
  headers(attempt: Attempt, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** A refused token is asked for anew; a key stays what it is. */
  renew(refused: Readonly<Record<string, string>>): void;
  readonly isRenewable: boolean;
}

function authorizationOf(options: HuaweiApiOptions): Authorization {
  const { settings, nowMs } = options;
  const { credentials, projectId, region, endpoints } = settings;
  const project = projectId === undefined ? {} : { 'x-project-id': projectId };
  const common = { accept: '*/*', 'content-type': 'application/json', ...project };
  if (credentials.type === 'ak_sk') {
    const { accessKey: accessKeyId, secretKey: accessKeySecret, securityToken } = credentials;
    const token = securityToken === undefined ? {} : { securityToken };
    const keys = { accessKeyId, accessKeySecret, ...token };
    return {
      isRenewable: false,
      renew: () => undefined,
      headers: async (attempt) => {
        const { method, path, query, body = '' } = attempt.request;
        const headers = { host: hostOf(options, attempt), ...common };
        return signSdkHmac({ method, path, query, body, headers }, keys, { nowMs: nowMs() });
      },
    };
  }
  let tokens: TokenSource | null = null;
  const tokenHeader = 'x-auth-token';
  return {
    isRenewable: true,
    renew: (refused) => tokens?.drop(refused[tokenHeader] ?? ''),
    headers: async (attempt, signal) => {
      tokens ??= createTokenSource({
        ...{ account: options.account, region, projectId, credentials },
        endpoint: endpointOf({ product: 'iam', region, template: endpoints.iam }),
        ...{ http: options.http, nowMs, random: options.random },
      });
      const token = await tokens.get(signal);
      return { host: hostOf(options, attempt), ...common, [tokenHeader]: token };
    },
  };
}

function hostOf(options: HuaweiApiOptions, attempt: Attempt): string {
  return endpointFor(options, attempt).host;
}

function endpointFor({ settings }: HuaweiApiOptions, attempt: Attempt) {
  const product = HUAWEI_PRODUCTS.find((known) => known === attempt.request.product);
  if (product === undefined) {
    throw unsendableError(attempt, `${attempt.request.product} is no product of Huawei Cloud`);
  }
  const { region, endpoints } = settings;
  return endpointOf({ product, region, template: endpoints[product] });
}

function requestOf(
  options: HuaweiApiOptions,
  attempt: Attempt,
  headers: Readonly<Record<string, string>>,
): HttpRequest {
  const { method, path, query: given, body } = attempt.request;
  const query = rfc3986Query(given);
  return {
    method,
    origin: endpointFor(options, attempt).origin,
    path: `${rfc3986Path(path)}${query === '' ? '' : `?${query}`}`,
    headers,
    ...(body === undefined ? {} : { body }),
  };
}
