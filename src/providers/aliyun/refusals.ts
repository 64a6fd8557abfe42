import type { SourceErrorKind } from '../sourceError.ts';

/** What a refusal means for the one who asked. `clock` is answered as `credentials`, but new keys do not help. */
export interface Refusal {
  readonly kind: SourceErrorKind;
  readonly cause: 'clock' | 'keys' | 'other';
  /** What to do, for a person. Empty when waiting is all there is to do. */
  readonly advice: string;
}

/** What a status and a code mean. By code where it is known, by status otherwise, never by message text. */
export function refusalOf(answer: {
  readonly dialect: 'sls' | 'openapi';
  readonly status: number;
  readonly code: string | undefined;
}): Refusal {
  const { dialect, status, code } = answer;
  const known = code === undefined ? undefined : (dialect === 'sls' ? slsCode : openApiCode)(code);
  return known ?? byStatus(status);
}

const THROTTLED = refusal('throttled', 'the walk goes on when the quota allows');
const TRANSIENT = refusal('transient', 'it is tried again');
const CLOCK: Refusal = { kind: 'credentials', cause: 'clock', advice: '' };
const KEYS = keysRefusal(
  'check that the access key exists and is enabled, and its token is not out of date',
);
const SIGNATURE = keysRefusal('check the access key secret, and the token if there is one');
/** SLS says the same to an unknown key, an expired token, a key of another account and one without permission. */
const UNAUTHORIZED = keysRefusal(
  'check that the key is enabled and its token not out of date, that it belongs to the account that owns the resource, and that its RAM policy allows this API',
);

/** Source: error-codes page of SLS (November 2026) and the retry tables of its official SDKs. */
const SLS_CODES: ReadonlyMap<string, Refusal> = new Map([
  ['ReadQuotaExceed', THROTTLED],
  ['WriteQuotaExceed', THROTTLED],
  ['MetaOperationQpsLimitExceeded', THROTTLED],
  ['ShardReadQuotaExceed', THROTTLED],
  ['RequestTimeExpired', CLOCK],
  ['RequestTimeTooSkewed', CLOCK],
  ['InvalidRequestTime', CLOCK],
  ['SignatureNotMatch', SIGNATURE],
  ['Unauthorized', UNAUTHORIZED],
  ['InvalidAccessKeyId', KEYS],
  ['InvalidAccessKeyId.NotFound', KEYS],
  ['SecurityToken.Expired', KEYS],
  ['SecurityTokenExpired', KEYS],
  ['InternalServerError', TRANSIENT],
  ['RequestTimeout', TRANSIENT],
  ['ServerBusy', TRANSIENT],
  [
    'ProjectNotExist',
    refusal('rejected', 'check the project name, and that it lies in the region of the account'),
  ],
  ['LogStoreNotExist', refusal('rejected', 'check the logstore name')],
  [
    'ProjectForbidden',
    refusal('rejected', 'the project is disabled or locked; see it in the SLS console'),
  ],
  [
    'InvalidHost',
    refusal(
      'rejected',
      'check endpoints.sls of the account: it must lead to the SLS of the region',
    ),
  ],
]);

function slsCode(code: string): Refusal | undefined {
  return SLS_CODES.get(code);
}

/** Source: OpenAPI error pages (November 2026); most codes are those of sibling products. */
const OPENAPI_CODES: ReadonlyMap<string, Refusal> = new Map([
  ['SignatureDoesNotMatch', SIGNATURE],
  ['IncompleteSignature', SIGNATURE],
  ['InvalidAccessKeyId', KEYS],
  ['InvalidAccessKeyId.NotFound', KEYS],
  ['InvalidAccessKeyId.Inactive', KEYS],
  ['MissingSecurityToken', KEYS],
  ['InvalidTimeStamp.Expired', CLOCK],
  ['IllegalTimestamp', CLOCK],
  // A nonce is used once: the next try has a new one.
  ['SignatureNonceUsed', TRANSIENT],
  ['ServiceUnavailable', TRANSIENT],
  ['InternalError', TRANSIENT],
]);

function openApiCode(code: string): Refusal | undefined {
  if (code === 'Throttling' || code.startsWith('Throttling.')) return THROTTLED;
  if (/^(?:Invalid)?SecurityToken(?:\.|Expired$)/.test(code)) return KEYS;
  return OPENAPI_CODES.get(code);
}

function byStatus(status: number): Refusal {
  if (status === 401) return UNAUTHORIZED;
  if (status === 429) return THROTTLED;
  if (status === 408 || status >= 500) return TRANSIENT;
  if (status === 403) {
    return refusal('rejected', 'check the RAM policy of the key: it must allow this API');
  }
  if (status < 400) {
    return refusal('rejected', 'the address answers, but not as the API: check the endpoint');
  }
  return refusal('rejected', 'check the settings of the stream and the account');
}

function refusal(kind: SourceErrorKind, advice: string): Refusal {
  return { kind, cause: 'other', advice };
}

function keysRefusal(advice: string): Refusal {
  return { kind: 'credentials', cause: 'keys', advice };
}
