import { createHash, createHmac, type BinaryLike } from 'node:crypto';

/** What a signature proves the holding of. A `securityToken` makes them temporary. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/** A request as the signers see it: data in, headers out. */
export interface SigningParts {
  readonly method: string;
  /** Not percent-encoded. */
  readonly path: string;
  /** Not percent-encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names; what is here and belongs to the scheme's signed headers is signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty text: no body. */
  readonly body: string;
}

/** The headers of a signed request: those given and those the scheme adds. Lower-case names. */
export type SignedHeaders = Readonly<Record<string, string>>;

/** The headers a scheme signs, sorted by name, values trimmed. */
export function headersToSign(
  headers: Readonly<Record<string, string>>,
  isSigned: (name: string) => boolean,
): readonly (readonly [name: string, value: string])[] {
  return byName(headers)
    .filter(([name]) => isSigned(name))
    .map(([name, value]) => [name, value.trim()] as const);
}

/** Entries sorted by the code units of their names, as the services sort them; locale plays no part. */
export function byName(
  record: Readonly<Record<string, string>>,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function hmacSha256(key: BinaryLike, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
