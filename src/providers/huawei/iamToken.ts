import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import type { HttpClient } from '../../http/client.ts';
import { HttpError } from '../../http/httpError.ts';
import type { HttpResponse } from '../../http/message.ts';
import type { ApiRequest } from '../apiRequest.ts';
import { unansweredError, type Attempt } from '../attempt.ts';
import { readJsonBody } from '../jsonBody.ts';
import { orAborted } from '../orAborted.ts';
import { rfc3986Query } from '../rfc3986.ts';
import { SourceError } from '../sourceError.ts';
import type { HuaweiCredentialsConfig } from './account.ts';
import { refusedError } from './errors.ts';

/** The token of an IAM user: asked for when first needed, shared by all callers until shortly before its end. */
export interface TokenSource {
  /** Parallel callers share one request. @throws SourceError; the signal's reason when it fires */
  get(signal: AbortSignal): Promise<string>;
  /** Has the next `get` ask anew, unless a newer token than the refused one is held already. */
  drop(refused: string): void;
}

export interface TokenOptions {
  readonly account: string;
  readonly region: string;
  readonly projectId: string | undefined;
  readonly credentials: Extract<HuaweiCredentialsConfig, { type: 'password' }>;
  /** Of IAM. */
  readonly endpoint: { readonly origin: string; readonly host: string };
  readonly http: Pick<HttpClient, 'send'>;
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** A token is given up this long before it ends: a download that begins with it must not outlive it. */
const marginMs = 10 * 60_000;
/** When an answer does not say how long its token holds (24 hours, according to the IAM page). */
const unstatedLifeMs = 60 * 60_000;

export function createTokenSource(options: TokenOptions): TokenSource {
  let held: HeldToken | null = null;
  let asking: Promise<HeldToken> | null = null;

  const ask = (): Promise<HeldToken> => {
    // Nobody's signal: the answer is for all who wait. The client's own bound ends it.
    const asked = askForToken(options, new AbortController().signal);
    asking = asked;
    asked.then(
      (token) => {
        held = token;
        asking = null;
      },
      () => {
        asking = null;
      },
    );
    return asked;
  };

  return {
    get: async (signal) => {
      signal.throwIfAborted();
      if (held !== null && options.nowMs() < held.goodUntilMs) return held.token;
      const { token } = await orAborted(asking ?? ask(), signal);
      return token;
    },
    drop: (refused) => {
      if (held?.token === refused) held = null;
    },
  };
}

interface HeldToken {
  readonly token: string;
  /** Of this machine's clock. */
  readonly goodUntilMs: number;
}

const tokenRequest: ApiRequest = {
  product: 'iam',
  api: 'KeystoneCreateUserTokenByPassword',
  method: 'POST',
  path: '/v3/auth/tokens',
  // Without it the body lists every endpoint of the cloud.
  query: { nocatalog: 'true' },
};

async function askForToken(options: TokenOptions, signal: AbortSignal): Promise<HeldToken> {
  const attempt: Attempt = { account: options.account, request: tokenRequest };
  const response = await send(options, attempt, signal);
  const receivedAtMs = options.nowMs();
  const { body } = readJsonBody(tokenRequest, response);
  if (response.status !== 201) {
    const random = options.random();
    throw asCredentials(refusedError(attempt, { response, body, receivedAtMs, random }));
  }
  const token = response.headers['x-subject-token'] ?? '';
  if (!/^[\x21-\x7e]{1,100000}$/.test(token)) {
    throw new SourceError(
      'drift',
      `${tokenRequest.api} (account ${options.account}) answered HTTP 201 without a usable X-Subject-Token; check endpoints.iam of the account`,
      { detail: { api: tokenRequest.api, status: response.status } },
    );
  }
  return { token, goodUntilMs: receivedAtMs + Math.max(0, lifeOf(body) - marginMs) };
}

/** By the answer's own two times: this machine's clock plays no part. */
function lifeOf(body: JsonValue | undefined): number {
  const fields = isJsonObject(body) && isJsonObject(body['token']) ? body['token'] : {};
  const [issuedAtMs, expiresAtMs] = [fields['issued_at'], fields['expires_at']].map((time) =>
    typeof time === 'string' ? Date.parse(time) : NaN,
  );
  const lifeMs = (expiresAtMs ?? NaN) - (issuedAtMs ?? NaN);
  return lifeMs > 0 ? lifeMs : unstatedLifeMs;
}

/** Whatever IAM refuses is a matter of the configured user; it locks users after wrong passwords, as the gateway locks keys. */
function asCredentials(error: SourceError): SourceError {
  if (error.kind !== 'rejected' && error.kind !== 'credentials') return error;
  const [what = ''] = error.message.split('; ');
  return new SourceError(
    'credentials',
    `${what}; check domain, user and password of the account, that the user has no login protection, and projectId; it is not asked again for 5 minutes`,
    { detail: error.detail },
  );
}

async function send(
  options: TokenOptions,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { endpoint, http } = options;
  try {
    const request = {
      method: 'POST',
      origin: endpoint.origin,
      path: `${tokenRequest.path}?${rfc3986Query(tokenRequest.query)}`,
      headers: {
        host: endpoint.host,
        accept: 'application/json',
        'content-type': 'application/json;charset=utf8',
      },
      body: tokenBody(options),
    } as const;
    return await http.send(request, signal);
  } catch (error) {
    if (error instanceof HttpError) throw unansweredError(attempt, error);
    throw error;
  }
}

/** Scope of the project: some products of CodeArts refuse a token of the domain. */
function tokenBody({ credentials, projectId, region }: TokenOptions): string {
  const { user: name, password, domain } = credentials;
  const project = projectId === undefined ? { name: region } : { id: projectId };
  return JSON.stringify({
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name, password, domain: { name: domain } } },
      },
      scope: { project },
    },
  });
}
