import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseHostPattern } from '../../src/domain/hostPattern.ts';
import { LinkError } from '../../src/engine/linkPort.ts';
import { redirectedTo, targetOf } from '../../src/http/linkTarget.ts';

const allowedHosts = ['*.aliyuncs.com', 'oss.example.com', '127.0.0.1', '169.254.169.254', '[::1]']
  .map(parseHostPattern)
  .filter((pattern) => pattern !== null);
const link = 'https://bucket.oss-cn-hangzhou.aliyuncs.com/a/b.csv?Expires=1&Signature=verysecret';

/** The fault of a judgement, null where there is none; what it says holds no secret. */
function faultOf(judge: () => unknown): string | null {
  try {
    judge();
    return null;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    expect(error.message).not.toMatch(/verysecret|b\.csv|hunter2/);
    return error.fault;
  }
}

describe('targetOf', () => {
  it.each([
    ['below a domain, by https', link, false],
    ['at the default port, written out', link.replace('.com/', '.com:443/'), false],
    ['named', 'https://oss.example.com/f?s=1', true],
    ['named, without TLS', 'http://oss.example.com/f?s=1', true],
    ['named, at another port', 'http://127.0.0.1:9000/f', true],
    ['in capitals', 'HTTPS://OSS.EXAMPLE.COM/f', true],
    ['named, with an address written as a number', 'http://2130706433/f', true],
    ['named, with an address written in hexadecimal', 'http://0x7f.1/f', true],
    ['named, in IPv6 written out', 'http://[0:0:0:0:0:0:0:1]:80/f', true],
  ])('lets a host be asked that is %s', (_, text, isNamed) => {
    expect(targetOf(text, allowedHosts).isNamed).toBe(isNamed);
  });

  it('keeps the query as it was signed', () => {
    const { url } = targetOf(`${link}&a=%2F+%7E%27~*`, allowedHosts);
    expect(url.search).toBe('?Expires=1&Signature=verysecret&a=%2F+%7E%27~*');
  });

  it.each([
    ['nothing', ''],
    ['a name', 'b.csv'],
    ['another scheme', 'ftp://oss.example.com/b.csv'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,verysecret'],
    ['a user name', 'https://verysecret@oss.example.com/'],
    ['a password', 'https://:hunter2@oss.example.com/'],
    ['a port that is none', 'https://oss.example.com:99999/'],
  ])('takes no link for one that is %s', (_, text) => {
    expect(faultOf(() => targetOf(text, allowedHosts))).toBe('not_a_link');
  });

  it.each([
    ['not listed', 'https://evil.example/b.csv'],
    ['the domain itself', 'https://aliyuncs.com/b.csv'],
    ['only called alike', 'https://notaliyuncs.com/b.csv'],
    ['below another domain', 'https://x.aliyuncs.com.evil.example/b.csv'],
    ['listed, behind an at sign', 'https://evil.example\\@oss.example.com/b.csv'],
    ['below a domain, without TLS', link.replace('https', 'http')],
    ['below a domain, at another port', link.replace('.com/', '.com:8443/')],
    ['below a domain, with a dot behind', link.replace('.com/', '.com./')],
    ['another address', 'http://127.0.0.2/b.csv'],
    ['another address, as a number', 'http://2130706434/b.csv'],
    ['one that hands out credentials, even by its name', 'http://169.254.169.254/b.csv'],
    ['the same, in octal', 'http://0251.0376.0251.0376/b.csv'],
  ])('refuses a host that is %s', (_, text) => {
    expect(faultOf(() => targetOf(text, allowedHosts))).toBe('host_refused');
  });

  it('never lets through a host that is not listed, and always says so in the same way', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
        const { hostname } = new URL(text);
        fc.pre(!hostname.endsWith('.aliyuncs.com') && hostname !== 'oss.example.com');
        expect(faultOf(() => targetOf(text, allowedHosts))).toBe('host_refused');
      }),
    );
  });
});

describe('redirectedTo', () => {
  const from = targetOf(link, allowedHosts);

  it.each([
    ['/other?x=1', 'https://bucket.oss-cn-hangzhou.aliyuncs.com/other?x=1'],
    ['//other.aliyuncs.com/f', 'https://other.aliyuncs.com/f'],
    ['https://oss.example.com/f', 'https://oss.example.com/f'],
  ])('follows %s', (location, to) => {
    expect(redirectedTo(from, location, allowedHosts).url.href).toBe(to);
  });

  it.each([
    ['http://oss.example.com/b.csv', 'refused'],
    [undefined, 'refused'],
    ['https://', 'refused'],
    ['https://evil.example/b.csv?verysecret', 'host_refused'],
    ['https://169.254.169.254/b.csv', 'host_refused'],
    ['https://user@oss.example.com/b.csv', 'not_a_link'],
    ['file:///etc/passwd', 'not_a_link'],
  ])('does not follow %s', (location, fault) => {
    expect(faultOf(() => redirectedTo(from, location, allowedHosts))).toBe(fault);
  });

  it('goes from http to http and to https', () => {
    const plain = targetOf('http://oss.example.com/f', allowedHosts);
    expect(redirectedTo(plain, 'http://127.0.0.1/f', allowedHosts).isNamed).toBe(true);
    expect(redirectedTo(plain, link, allowedHosts).isNamed).toBe(false);
  });
});
