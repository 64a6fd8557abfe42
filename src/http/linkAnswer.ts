import { byteCountOf } from '../domain/byteCount.ts';
import type { FileFrom } from '../engine/filePort.ts';
import type { LinkFault } from '../engine/linkPort.ts';
import type { StreamedResponse } from './message.ts';

/** The part of a file that is asked for: from this byte to its end, as long as it is the file of this ETag. */
export interface LinkRange {
  readonly fromByte: number;
  readonly etag: string;
}

/** What can be asked for behind what is held. null: the whole, since a weak ETag, or none, does not tell that bytes are the same. */
export function rangeOf({ fromByte, etag }: FileFrom): LinkRange | null {
  return fromByte > 0 && etag !== null && /^"[^"]*"$/.test(etag) ? { fromByte, etag } : null;
}

/**
 * The headers that ask for it. If-Match and not If-Range: object stores document it for GetObject (OSS: 412 when the object is
 * another one), and signatures of links do not cover it.
 */
export function rangeHeaders(range: LinkRange | null): Readonly<Record<string, string>> {
  return range === null ? {} : { range: `bytes=${range.fromByte}-`, 'if-match': range.etag };
}

export type LinkAnswer =
  | { readonly kind: 'file'; readonly startsAt: number; readonly totalBytes: number | null }
  | { readonly kind: 'redirect'; readonly location: string | undefined }
  /** What was asked for cannot be had any more, or was misunderstood: the whole file is to be asked for. */
  | { readonly kind: 'from_start' }
  | { readonly kind: 'failed' };

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Says what an answer is, by its status and headers. */
export function judgeAnswer(
  { status, headers }: Pick<StreamedResponse, 'status' | 'headers'>,
  range: LinkRange | null,
): LinkAnswer {
  if (status === 200) {
    return { kind: 'file', startsAt: 0, totalBytes: byteCountOf(headers['content-length']) };
  }
  if (REDIRECTS.includes(status)) return { kind: 'redirect', location: headers['location'] };
  if (range === null) return { kind: 'failed' };
  if (status === 412 || status === 416) return { kind: 'from_start' };
  if (status !== 206) return { kind: 'failed' };
  const part = contentRangeOf(headers['content-range']);
  const isAsked = part?.firstByte === range.fromByte && headers['etag'] === range.etag;
  return isAsked
    ? { kind: 'file', startsAt: part.firstByte, totalBytes: part.totalBytes }
    : { kind: 'from_start' };
}

function contentRangeOf(header: string | undefined) {
  const [, first, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/i.exec(header ?? '') ?? [];
  return first === undefined ? null : { firstByte: Number(first), totalBytes: byteCountOf(total) };
}

/** Codes with which stores ask for fewer requests, some of them with a status that says otherwise. */
const THROTTLING_CODES: readonly string[] = [
  'SlowDown',
  'QpsLimitExceeded',
  'TotalQpsLimitExceeded',
  'DownloadTrafficRateLimitExceeded',
  'RequestLimitExceeded',
];

/** Codes of a link that is refused as such, whatever the status. OSS answers 403 with most of them, S3 and its kin also 400. */
const LINK_CODES: readonly string[] = [
  'AccessDenied',
  'AuthorizationQueryParametersError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidSecurityToken',
  'InvalidToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SecurityTokenExpired',
  'SignatureDoesNotMatch',
];

/** What a status and the store's code say of a link. */
export function linkFaultOf(status: number, code: string | null): LinkFault {
  const isOneOf = (codes: readonly string[]) => code !== null && codes.includes(code);
  if (status === 429 || status === 503 || isOneOf(THROTTLING_CODES)) return 'throttled';
  if (status === 403) return 'expired';
  if ((status === 400 || status === 401) && isOneOf(LINK_CODES)) return 'expired';
  if (status === 404 || status === 410) return 'no_file';
  return status === 408 || status >= 500 ? 'transient' : 'refused';
}

const ERROR_BODY_CHARACTERS_MAX = 16 * 1024;
const ERROR_BODY_MS_MAX = 10_000;

/**
 * The code of the store's error, `AccessDenied`: letters only, the one part of the body that goes into a message; the rest holds
 * the text that was to be signed. null when there is none within bounds.
 */
export async function storeCodeOf(
  body: StreamedResponse['body'],
  nowMs: () => number,
): Promise<string | null> {
  const endMs = nowMs() + ERROR_BODY_MS_MAX;
  let text = '';
  try {
    for await (const piece of body) {
      text += piece.toString('latin1');
      const [, code] = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text) ?? [];
      if (code !== undefined) return code;
      if (text.length > ERROR_BODY_CHARACTERS_MAX || nowMs() > endMs) break;
    }
  } catch {
    return null; // cut off: the status has been told, and says enough
  }
  return null;
}
