import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allowanceOf, parseHostPattern, type HostPattern } from '../../src/domain/hostPattern.ts';

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));

function patterns(...texts: readonly string[]): readonly HostPattern[] {
  return texts.map((text) => {
    const pattern = parseHostPattern(text);
    if (pattern === null) throw new Error(`no pattern: ${text}`);
    return pattern;
  });
}

describe('parseHostPattern', () => {
  it.each([
    ['*.aliyuncs.com', { kind: 'below', domain: 'aliyuncs.com' }],
    ['*.OSS.Example.com', { kind: 'below', domain: 'oss.example.com' }],
    ['oss.example.com', { kind: 'named', host: 'oss.example.com', port: null }],
    ['localhost', { kind: 'named', host: 'localhost', port: null }],
    ['127.0.0.1:9000', { kind: 'named', host: '127.0.0.1', port: 9000 }],
    ['[::1]', { kind: 'named', host: '[::1]', port: null }],
    ['[::1]:80', { kind: 'named', host: '[::1]', port: 80 }],
    ['xn--bcher-kva.example:443', { kind: 'named', host: 'xn--bcher-kva.example', port: 443 }],
  ])('reads %s', (text, pattern) => {
    expect(parseHostPattern(text)).toEqual(pattern);
  });

  it.each([
    ...['', '*', '*.', '*.com', '*.localhost', '*.*.com', 'a*.example.com', '*example.com'],
    ...['*.example.com:443', '*.0.0.1', '*.127.0.0.1', 'https://oss.example.com', 'host/path'],
    ...['user@host.example', 'host.example.', 'host.example:0', 'host.example:65536', 'host:'],
    ...[
      '2130706433',
      '0x7f.0.0.1',
      '127.1',
      '017700000001',
      '::1',
      '[0:0:0:0:0:0:0:1]',
      '[::1%25lo]',
    ],
    ...[
      'bücher.example',
      'a b',
      '..',
      'a..b',
      '.example.com',
      '*..example.com',
      '*.example.com.',
      '[fe80::1%eth0]',
    ],
  ])('refuses %j', (text) => {
    expect(parseHostPattern(text)).toBeNull();
  });
});

describe('allowanceOf', () => {
  it('allows below a domain what ends in it behind a dot, and nothing else', () => {
    fc.assert(
      fc.property(name, name, label, (domain, host, front) => {
        const below = patterns(`*.${domain}`);
        const at = (of: string) => allowanceOf({ host: of, port: 443 }, below);
        expect(at(`${front}.${domain}`)).toBe('below');
        expect(at(`${front}.${front}.${domain}`)).toBe('below');
        expect(at(domain)).toBeNull();
        expect(at(`${front}${domain}`)).toBeNull();
        expect(at(`${domain}.${host}`)).toBe(host.endsWith(`.${domain}`) ? 'below' : null);
      }),
    );
  });

  it('allows a named host by this name only, at its port only where one is named', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 65_535 }), label, (host, port, front) => {
        const any = patterns(host);
        const one = patterns(`${host}:${port}`);
        expect(allowanceOf({ host, port }, any)).toBe('named');
        expect(allowanceOf({ host, port }, one)).toBe('named');
        expect(allowanceOf({ host, port: port === 1 ? 2 : port - 1 }, one)).toBeNull();
        expect(allowanceOf({ host: `${front}.${host}`, port }, any)).toBeNull();
      }),
    );
  });

  it('takes the name before the domain', () => {
    const both = patterns('*.example.com', 'oss.example.com');
    expect(allowanceOf({ host: 'oss.example.com', port: 443 }, both)).toBe('named');
    expect(allowanceOf({ host: 'iss.example.com', port: 443 }, both)).toBe('below');
  });

  it('allows nothing when nothing is listed', () => {
    expect(allowanceOf({ host: 'oss.example.com', port: 443 }, [])).toBeNull();
  });
});
