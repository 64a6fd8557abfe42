import { hash32 } from '../random.ts';

/** What a NextToken stands for. It is opaque to clients, and looks like the one of the API page: `:`, `=`, `-` and `_` in it. */
export interface TokenMeaning {
  /** The list it belongs to: the same parameters have to come with it. */
  readonly list: string;
  /** Rows that come before its page. */
  readonly position: number;
  readonly issuedAtMs: number;
}

/** A token that only the simulator can read. */
export function tokenOf(meaning: TokenMeaning): string {
  const text = Buffer.from(JSON.stringify(meaning)).toString('base64url');
  return `gAAAAAB${text}:${hash32(['token', text]).toString(36)}==`;
}

/** @returns null for what is no token of this simulator */
export function readToken(token: string): TokenMeaning | null {
  const [, text = '', check] = /^gAAAAAB([\w-]+):(\w+)==$/.exec(token) ?? [];
  if (check !== hash32(['token', text]).toString(36)) return null;
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as TokenMeaning;
}
