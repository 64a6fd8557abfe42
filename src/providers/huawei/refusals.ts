import type { SourceErrorKind } from '../sourceError.ts';

/**
 * What a refusal means for the one who asked. `token`: a new token helps, once. `keys`: the key or its signature was refused;
 * asking again with it is not only useless, more than five in a row lock it.
 */
export interface Refusal {
  readonly kind: SourceErrorKind;
  readonly cause: 'token' | 'keys' | 'other';
  /** What to do, for a person. */
  readonly advice: string;
}

/**
 * What a status and a code of CodeArts Check, of the API gateway or of IAM mean. By code where it is known, by the status at
 * the end of a code of CodeArts Check, else by the HTTP status; never by message text. Source: API page DownloadLog and the
 * gateway's error codes (November 2026).
 */
export function refusalOf(answer: {
  readonly status: number;
  readonly code: string | undefined;
}): Refusal {
  const { status, code } = answer;
  const known = code === undefined ? undefined : CODES.get(code);
  if (known !== undefined) return known;
  const [, stated] = /^CC\.\d{8}\.(\d{3})$/.exec(code ?? '') ?? [];
  return byStatus(stated === undefined ? status : Number(stated));
}

const KEYS: Refusal = {
  kind: 'credentials',
  cause: 'keys',
  advice:
    'check the access key, its secret and its token; it is not asked with these again for 5 minutes, since more than five refusals in a row lock a key',
};
const THROTTLED = refusal('throttled', 'the walk goes on when the quota allows');
const TRANSIENT = refusal('transient', 'it is tried again');
const NOT_PUBLISHED = refusal(
  'rejected',
  'check endpoints.codearts_check and the region of the account: this API is not published there',
);

const CODES: ReadonlyMap<string, Refusal> = new Map([
  // Busy, although it is a 400.
  ['CC.00000000', TRANSIENT],
  [
    'CC.00000003',
    {
      kind: 'credentials',
      cause: 'token',
      advice: 'a new token was refused as well; check the account',
    },
  ],
  ['APIGW.0101', NOT_PUBLISHED],
  ['APIGW.0301', KEYS],
  [
    'APIGW.0302',
    refusal('rejected', 'check that the user has the permission codeartscheck:task:get'),
  ],
  ['APIGW.0308', THROTTLED],
  ['APIG.0101', NOT_PUBLISHED],
  ['APIG.0301', KEYS],
  ['APIG.0308', THROTTLED],
]);

function byStatus(status: number): Refusal {
  if (status === 401) return KEYS;
  if (status === 429) return THROTTLED;
  if (status === 408 || (status >= 500 && status <= 599)) return TRANSIENT;
  if (status === 403) {
    return refusal('rejected', 'check that the user has the permission codeartscheck:task:get');
  }
  // 494: headers too large, of the gateway alone.
  if (status === 413 || status === 414 || status === 494) {
    return refusal('rejected', 'the request or its token is too long for the gateway');
  }
  if (status >= 300 && status < 400) {
    return refusal(
      'rejected',
      'it answers with a redirect, which is not followed: the token or signature must not reach another host; check the endpoint',
    );
  }
  if (status < 300) return refusal('drift', 'the answer is neither the file nor a known error');
  return refusal('rejected', 'check the ids and settings of the stream');
}

function refusal(kind: SourceErrorKind, advice: string): Refusal {
  return { kind, cause: 'other', advice };
}
