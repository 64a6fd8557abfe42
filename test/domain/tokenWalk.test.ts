import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  receiveTokenPage,
  receiveTokenRefusal,
  tokenPassStart,
  type TokenPass,
} from '../../src/domain/tokenWalk.ts';

/** Walks a server that answers each token (null: the first page) with rows and the next token. */
function walk(server: (token: string | null) => { rows: number; nextToken: string | null }) {
  let pass = tokenPassStart;
  for (let requests = 1; ; requests += 1) {
    const step = receiveTokenPage(pass, server(pass.token));
    if (step.kind !== 'more') return { requests, end: step.kind === 'end' ? 'end' : step.fault };
    pass = step.pass;
  }
}

describe('a pass over a token list', () => {
  it.each([null, ''])('ends when the answer has no token (%j)', (nextToken) => {
    expect(receiveTokenPage(tokenPassStart, { nextToken, rows: 3 })).toEqual({ kind: 'end' });
  });

  it('goes on over an empty page that has a token', () => {
    expect(receiveTokenPage(tokenPassStart, { nextToken: 'a', rows: 0 })).toMatchObject({
      kind: 'more',
      pass: { token: 'a' },
    });
  });

  it('notices a token that comes again, at once', () => {
    const tokens: Record<string, string> = { first: 'a', a: 'b', b: 'a' };
    const walked = walk((token) => ({ rows: 1, nextToken: tokens[token ?? 'first'] ?? null }));
    expect(walked).toEqual({ requests: 3, end: 'repeated_token' });
  });

  it('ends on any server at all, after at most 10,000 pages', () => {
    const next = fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { nil: null, freq: 9 });
    fc.assert(
      fc.property(fc.array(fc.record({ rows: fc.nat(2), nextToken: next })), (answers) => {
        let n = 0;
        const last = { rows: 0, nextToken: 'z' };
        expect(walk(() => answers[n++] ?? last).requests).toBeLessThan(200);
      }),
    );
    let fresh = 0;
    expect(walk(() => ({ rows: 1, nextToken: `t${fresh++}` }))).toEqual({
      requests: 10_000,
      end: 'endless_pages',
    });
  });

  it('gives up on empty pages with ever new tokens', () => {
    let fresh = 0;
    const walked = walk(() => ({ rows: 0, nextToken: `t${fresh++}` }));
    expect(walked).toEqual({ requests: 101, end: 'endless_empty_pages' });
  });

  it('begins again when a token is refused, three times; a refused first page is a refusal', () => {
    const withToken = (pass: TokenPass): TokenPass => ({ ...pass, token: 'x', seen: ['x'] });
    let pass = withToken(tokenPassStart);
    const restarts: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) {
      const restarted = receiveTokenRefusal(pass);
      restarts.push(restarted?.restarts);
      if (restarted !== null) pass = withToken(restarted);
    }
    expect(restarts).toEqual([1, 2, 3, undefined]);
    expect(receiveTokenRefusal(tokenPassStart)).toBeNull();
  });
});
