import { describe, expect, it } from '@jest/globals';
import { clockAdvice, clockSkewOf } from '../../src/providers/clockSkew.ts';

const SERVER = 'Sun, 22 Nov 2026 13:15:49 GMT';
const SERVER_MS = Date.UTC(2026, 10, 22, 13, 15, 49);

describe('clockSkewOf', () => {
  it('is negative for a clock that is behind', () => {
    expect(clockSkewOf(SERVER, SERVER_MS - 1_023_000)).toBe(-1_023_000);
  });

  it.each([undefined, '', 'yesterday'])('is unknown when the server says %p', (header) => {
    expect(clockSkewOf(header, SERVER_MS)).toBeUndefined();
  });
});

describe('clockAdvice', () => {
  it.each([
    [-1_023_000, "this machine's clock is 17 min 3 s behind the server's; set the clock (NTP)"],
    [7_200_000, "this machine's clock is 2 h ahead of the server's; set the clock (NTP)"],
    [-90_061_000, "this machine's clock is 1 d 1 h behind the server's; set the clock (NTP)"],
    [
      2_000,
      "this machine's clock is 2 s ahead of the server's, which is allowed: the request was late on its way, or the clock was set meanwhile",
    ],
  ])('names the measured difference of %p ms', (skewMs, advice) => {
    expect(clockAdvice(skewMs)).toBe(advice);
  });

  it('says so when the difference is unknown', () => {
    expect(clockAdvice(undefined)).toContain("check this machine's clock (NTP)");
  });
});
