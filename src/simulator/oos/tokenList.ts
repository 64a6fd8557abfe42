import type { OpenApiError } from '../openapi/answers.ts';
import type { OpenApiCall } from '../openapi/openApi.ts';
import { readToken, tokenOf } from './token.ts';

/** A page of a list that is asked by token. */
export interface TokenPage<Row> {
  readonly rows: readonly Row[];
  /** undefined on the last page: the field is absent then. */
  readonly nextToken: string | undefined;
}

/**
 * The page that a call asks for, by its NextToken or from the beginning. Tokens are positions: when rows come in before the place,
 * rows come again. Faults: an empty page with a token, short and capped pages, a token that comes again, a token that is refused.
 * A row is never shown twice in one page: of entries without an id nobody could tell.
 */
export function tokenPageOf<Row>(
  call: OpenApiCall,
  list: {
    /** Names the list with its filters. */
    readonly name: string;
    readonly rows: readonly Row[];
    readonly size: number;
    readonly tokenLifeMs: number;
  },
): TokenPage<Row> | OpenApiError {
  const { plain, draw, pageCapRows } = call.faults;
  const { nowMs } = call.at;
  const sent = call.parameters.get('NextToken');
  const read = sent === undefined ? null : readToken(sent);
  if (sent !== undefined) {
    if (read?.list !== list.name || plain.has('refuseToken')) return refused('is not valid');
    if (nowMs - read.issuedAtMs > list.tokenLifeMs) return refused('has expired');
  }
  const position = read?.position ?? 0;
  const size = Math.max(1, Math.min(list.size, pageCapRows));
  const whole = list.rows.slice(position, position + size);
  const isShort = plain.has('shortPage') && whole.length > 1;
  const short = isShort ? whole.slice(0, Math.max(1, Math.floor(whole.length * draw))) : whole;
  const rows = plain.has('emptyPage') ? [] : short;
  const end = position + rows.length;
  if (end >= list.rows.length) return { rows, nextToken: undefined };
  const isRepeated = plain.has('repeatToken') && sent !== undefined;
  const next = tokenOf({ list: list.name, position: end, issuedAtMs: unique(call) });
  return { rows, nextToken: isRepeated ? sent : next };
}

/** Two empty pages in one millisecond must not give the same token: that would be a circle. */
function unique({ at }: OpenApiCall): number {
  return at.nowMs + at.request / 1_000_000;
}

/** The code of an expired token is unknown; this is a guess. */
function refused(why: string): OpenApiError {
  return { status: 400, code: 'InvalidParameter.NextToken', message: `The NextToken ${why}.` };
}
