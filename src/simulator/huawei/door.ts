import type { Answer } from '../answer.ts';
import type { Arrival } from '../product.ts';
import { hash32 } from '../random.ts';
import type { SimulatedRequest } from '../request.ts';
import { SKEW_MAX_MS, type SimulatedAccount } from '../signature/account.ts';
import { readSdkHmac } from '../signature/sdkHmac.ts';
import { EXPIRED, gatewayError, keystoneError } from './answers.ts';

/** A user of IAM that may ask for tokens. */
export interface SimulatedUser {
  readonly domain: string;
  readonly name: string;
  readonly password: string;
}

export interface DoorOptions {
  readonly accounts: readonly SimulatedAccount[];
  readonly users: readonly SimulatedUser[];
  /** Of the project that tokens must be asked for. */
  readonly projectId: string;
  readonly region: string;
  /** Length of a token; 1 to 100,000. */
  readonly tokenCharacters: number;
  readonly tokenLifeMs: number;
  readonly seed: number;
}

const REFUSALS_MAX = 5;
const LOCK_MS = 5 * 60_000;

interface Lock {
  readonly refusals: number;
  readonly lastAtMs: number;
}

/** Who may come in: hands out tokens, verifies tokens and signatures, locks keys that are refused too often. */
export class Door {
  readonly #options: DoorOptions;
  /** Token to the end of its life. */
  readonly #tokens = new Map<string, number>();
  readonly #locks = new Map<string, Lock>();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** POST /v3/auth/tokens: see the IAM page "Obtaining a user token". */
  issue(request: SimulatedRequest, at: Arrival): Answer {
    const asked = askedOf(request.body);
    if (asked === null)
      return keystoneError(400, 'Bad Request', 'The body is not what it must be.');
    const { users, projectId, region, tokenLifeMs } = this.#options;
    const user = users.find(({ name, domain }) => name === asked.name && domain === asked.domain);
    if (user === undefined || user.password !== asked.password) {
      return keystoneError(401, 'Unauthorized', 'The username or password is wrong.');
    }
    const { project } = asked;
    if (project['id'] !== projectId && project['name'] !== region) {
      return keystoneError(400, 'Bad Request', 'The scope is no project of this account.');
    }
    const token = this.#newToken(at.request);
    const expiresAtMs = at.nowMs + tokenLifeMs;
    this.#tokens.set(token, expiresAtMs);
    const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
    const body = JSON.stringify({
      token: {
        ...{ expires_at: time(expiresAtMs), issued_at: time(at.nowMs), methods: ['password'] },
        ...{ project: { id: projectId, name: region }, user: { name: user.name } },
      },
    });
    return { status: 201, body, headers: { 'x-subject-token': token } };
  }

  /** Every token is void from now on, as after a change of the user's permissions. */
  voidTokens(): void {
    this.#tokens.clear();
  }

  /** @returns null when the sender may come in, else the refusal */
  refuse(request: SimulatedRequest, at: Arrival): Answer | null {
    const token = request.headers['x-auth-token'];
    if (token === undefined) return this.#refuseSignature(request, at);
    if (token.length > 100_000) {
      return gatewayError(494, { ...named(at), code: 'APIGW.0201', message: 'Headers too large.' });
    }
    const untilMs = this.#tokens.get(token);
    // A token that was never one, and one that is void, look the same.
    return untilMs === undefined || at.nowMs >= untilMs ? EXPIRED : null;
  }

  #refuseSignature(request: SimulatedRequest, at: Arrival): Answer | null {
    const claim = readSdkHmac(request);
    if (claim === null) return unauthorized(at, 'x-auth-token not found');
    const { accessKeyId, signedAtMs } = claim;
    const lock = this.#locks.get(accessKeyId);
    const isLocked =
      (lock?.refusals ?? 0) > REFUSALS_MAX && at.nowMs - (lock?.lastAtMs ?? 0) < LOCK_MS;
    if (isLocked) return unauthorized(at, 'AK access failed to reach the limit,forbidden');
    const fault = this.#faultOf(request, at);
    if (fault === null && signedAtMs !== null) {
      this.#locks.delete(accessKeyId);
      return null;
    }
    this.#locks.set(accessKeyId, { refusals: (lock?.refusals ?? 0) + 1, lastAtMs: at.nowMs });
    return unauthorized(at, fault ?? 'invalid date');
  }

  /** Names the key, as the gateway does: clients must not repeat it. */
  #faultOf(request: SimulatedRequest, at: Arrival): string | null {
    const claim = readSdkHmac(request);
    if (claim === null) return 'no signature';
    const { accessKeyId, signedAtMs, signed } = claim;
    if (signedAtMs === null || Math.abs(at.nowMs - signedAtMs) > SKEW_MAX_MS)
      return 'x-sdk-date off';
    if (!signed.has('host') || !signed.has('x-sdk-date')) return 'host or date not signed';
    const account = this.#options.accounts.find((known) => known.accessKeyId === accessKeyId);
    if (account === undefined) return `ak ${accessKeyId} not exist`;
    const token = request.headers['x-security-token'];
    if (
      token !== account.securityToken ||
      (token !== undefined && !signed.has('x-security-token'))
    ) {
      return `security token of ak ${accessKeyId} wrong`;
    }
    return claim.expected(account.accessKeySecret) === claim.signature
      ? null
      : `verify aksk signature fail, ak ${accessKeyId}`;
  }

  #newToken(request: number): string {
    const { seed, tokenCharacters } = this.#options;
    const unique = hash32([seed, 'token', request]).toString(36).padStart(8, '0');
    return `MIIe${unique}`.padEnd(tokenCharacters, 'aZ3-kQ9_').slice(0, tokenCharacters);
  }
}

function unauthorized(at: Arrival, reason: string): Answer {
  const message = `Incorrect IAM authentication information: ${reason}`;
  return gatewayError(401, { ...named(at), code: 'APIGW.0301', message });
}

function named({ requestId }: Arrival): { readonly requestId: string } {
  return { requestId };
}

interface AskedToken {
  readonly name: unknown;
  readonly domain: unknown;
  readonly password: unknown;
  readonly project: Readonly<Record<string, unknown>>;
}

/** @returns null unless the password method and a project scope are asked for */
function askedOf(body: Buffer): AskedToken | null {
  let sent: unknown;
  try {
    sent = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  const identity = at(sent, 'auth', 'identity');
  const methods: unknown = identity['methods'];
  if (!Array.isArray(methods) || methods.length !== 1 || methods[0] !== 'password') return null;
  const user = at(identity, 'password', 'user');
  const project = at(sent, 'auth', 'scope', 'project');
  return {
    ...{ name: user['name'], password: user['password'] },
    ...{ domain: at(user, 'domain')['name'], project },
  };
}

function at(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const [first, ...rest] = path;
  const object = typeof value === 'object' && value !== null ? value : {};
  if (first === undefined) return object as Readonly<Record<string, unknown>>;
  return at(Reflect.get(object, first), ...rest);
}
