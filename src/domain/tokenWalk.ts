// Data in, data out: how a list is walked by tokens, page after page, until an answer has none.

/** Where a pass over a token list stands. JSON data. */
export interface TokenPass {
  /** The token to ask with; null for the first page. */
  readonly token: string | null;
  /** Every token of this pass, so that one that comes again is noticed. */
  readonly seen: readonly string[];
  /** Empty pages in a row. */
  readonly barren: number;
  /** How often a token of this list was refused, and the list begun again. */
  readonly restarts: number;
}

export const tokenPassStart: TokenPass = { token: null, seen: [], barren: 0, restarts: 0 };

/** An empty page with a token is no end; so many in a row are a fault of the server. */
const barrenMax = 100;
/** Pages of one pass; of 100 rows each, a million rows. */
const pagesMax = 10_000;
/** Tokens expire; a server that refuses them all cannot be read. */
const restartsMax = 3;

export type TokenStep =
  | { readonly kind: 'more'; readonly pass: TokenPass }
  | { readonly kind: 'end' }
  /** The list cannot be walked to its end: its tokens go in a circle, or on for ever. */
  | { readonly kind: 'stuck'; readonly fault: TokenFault };

export type TokenFault = 'repeated_token' | 'endless_empty_pages' | 'endless_pages';

/** What an answer means for the pass. `nextToken` is null (or empty) on the last page. */
export function receiveTokenPage(
  pass: TokenPass,
  page: { readonly nextToken: string | null; readonly rows: number },
): TokenStep {
  const { nextToken, rows } = page;
  if (nextToken === null || nextToken === '') return { kind: 'end' };
  if (pass.seen.includes(nextToken)) return { kind: 'stuck', fault: 'repeated_token' };
  const barren = rows === 0 ? pass.barren + 1 : 0;
  if (barren > barrenMax) return { kind: 'stuck', fault: 'endless_empty_pages' };
  const seen = [...pass.seen, nextToken];
  if (seen.length >= pagesMax) return { kind: 'stuck', fault: 'endless_pages' };
  return { kind: 'more', pass: { ...pass, token: nextToken, seen, barren } };
}

/**
 * What a refused request means for the pass. The code for an expired token is unknown, so any refusal of a request that
 * carried one restarts the list, a few times; the first page tells whether the request itself is wrong.
 * @returns null when it is to be taken as it is: a refusal of the request
 */
export function receiveTokenRefusal(pass: TokenPass): TokenPass | null {
  if (pass.token === null || pass.restarts >= restartsMax) return null;
  return { ...tokenPassStart, restarts: pass.restarts + 1 };
}
