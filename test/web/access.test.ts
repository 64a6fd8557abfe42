import { describe, expect, it } from '@jest/globals';
import { isOperator, isOwnRequest, requirePassword } from '../../src/web/access.ts';

const open = { host: '127.0.0.1', username: 'ops', password: null };
const locked = { host: '0.0.0.0', username: 'ops', password: 'right' };

describe('requirePassword', () => {
  it.each(['0.0.0.0', '::', '10.0.0.7', 'logs.example.com', '127.0.0.1.example.com'])(
    'refuses %s without a password, saying what to do',
    (host) => {
      expect(() => {
        requirePassword({ ...open, host });
      }).toThrow(/set web.password \(LOGFERRY_WEB_PASSWORD\)/);
    },
  );

  it('takes an empty password for none', () => {
    expect(() => {
      requirePassword({ ...locked, password: '' });
    }).toThrow(/set web.password/);
  });

  it.each(['127.0.0.1', 'localhost', '::1'])('lets %s do without', (host) => {
    expect(() => {
      requirePassword({ ...open, host });
    }).not.toThrow();
  });
});

describe('isOperator', () => {
  it.each([
    ['ops', 'right', true],
    ['ops', 'wrong', false],
    ['ops', '', false],
    ['root', 'right', false],
    ['ops', 'right ', false],
  ])('says of %s with password %j: %j', (username, password, expected) => {
    expect(isOperator({ username, password }, locked)).toBe(expected);
  });
});

describe('isOwnRequest', () => {
  it.each(['127.0.0.1:8080', 'localhost:8080', 'localhost', '[::1]:8080'])(
    'answers reads under the loopback name %s',
    (host) => {
      expect(isOwnRequest({ method: 'GET', host, fetchSite: undefined }, open)).toBe(true);
    },
  );

  it('refuses a foreign host name while no password protects it: a rebound DNS name', () => {
    const request = { method: 'GET', host: 'evil.example:8080', fetchSite: 'same-origin' };
    expect(isOwnRequest(request, open)).toBe(false);
    expect(isOwnRequest(request, locked)).toBe(true);
  });

  it.each(['cross-site', 'same-site'])('refuses a change asked for by a %s page', (fetchSite) => {
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
      const request = { method, host: 'localhost', fetchSite };
      expect(isOwnRequest(request, open)).toBe(false);
      expect(isOwnRequest(request, locked)).toBe(false);
    }
  });

  it('lets the dashboard and command line tools change things', () => {
    for (const fetchSite of ['same-origin', 'none', undefined]) {
      expect(isOwnRequest({ method: 'PUT', host: 'localhost', fetchSite }, open)).toBe(true);
    }
  });
});
