import { describe, expect, it } from '@jest/globals';
import { isLoopbackHost } from '../../src/domain/loopbackHost.ts';

describe('isLoopbackHost', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '[::1]'])(
    'takes %s as reachable from this machine only',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.com',
    '127.0.0',
    '127.0.0.256',
    'ops',
    '',
  ])('takes %j as reachable from outside', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});
