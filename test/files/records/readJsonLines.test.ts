import { describe, expect, it } from '@jest/globals';
import { contents, read, type How } from '../exported.ts';

async function badOf(content: string | Buffer, how: How) {
  const { bad } = await read(content, how);
  return bad.map(({ rowNo, line, reason }) => [rowNo, line, reason]);
}

describe('a file of JSON lines', () => {
  const json = { format: 'json' } as const;

  it('gives its objects with a byte order mark, CRLF, blank lines and no line end at its end', async () => {
    expect(await contents('\u{FEFF}{"a":1}\r\n\r\n \t\n{"a":2}', json)).toEqual([
      { a: 1 },
      { a: 2 },
    ]);
    expect(await contents('', json)).toEqual([]);
  });

  it.each([
    '{"a":12345678901234567890.10}',
    '{ "b" : 1.50, "a" : 1E5 , "a": -0.0 }',
    '{"a":"\\u0041\\ud83d\\ude00 \\\\u0000 \\\\ud800"}',
    '{"a":"is it? yes"}',
    '{"__proto__":{"a":1}}',
    `{"a":${'9'.repeat(999)}}`,
  ])('keeps each line as it is written: %s', async (line) => {
    const { rows } = await read(`${line}\n`, json);
    expect(rows.map(({ content }) => content)).toEqual([line]);
  });

  it.each([
    ['{"a":"x\\u0000y"}', { a: 'x\u{FFFD}y' }],
    ['{"a\\u0000":1.10,"b":"\\\\\\u0000"}', { 'a\u{FFFD}': 1.1, b: '\\\u{FFFD}' }],
    [
      '{"a":"\\uD83D!","b":"\\ude00\\ud83d\\ude00\\ud83d"}',
      { a: '\u{FFFD}!', b: '\u{FFFD}😀\u{FFFD}' },
    ],
    ['{"a":1e5000}', { a: '1e5000' }],
    ['{"a":1E-20000}', { a: '1E-20000' }],
    [`{"a":${'9'.repeat(1001)}}`, { a: '9'.repeat(1001) }],
  ])('makes fit for the database what it could not hold: %s', async (line, object) => {
    expect(await contents(line, json)).toEqual([object]);
  });

  it.each([
    'https://b.oss.com/f?Expires=1&Signature=secret',
    'https:\\/\\/b.oss.com\\/f?Expires=1\\u0026Signature=secret',
    'https://b.oss.com/f\\u003fExpires=1&\\u0053ignature=secret',
  ])('withholds pre-signed links, however they are escaped: %s', async (link) => {
    const { rows } = await read(`{"a":{"b":["${link}"]},"n":1}\n`, json);
    expect(JSON.parse(rows[0]?.content ?? '')).toEqual({
      a: { b: ['https://b.oss.com/f?[withheld]'] },
      n: 1,
    });
  });

  it.each([
    '{"a":"https:\\/\\/b.oss.com\\/f?Expires=1\\u0026Signature=secret"',
    '{"a":"https://b.oss.com/f\\u003FExpires=1&Signature=secret"',
  ])('withholds them in what is shown of a bad line, too: %s', async (line) => {
    const { bad } = await read(`${line}\n`, json);
    expect(bad.map(({ text }) => text.includes('[withheld]'))).toEqual([true]);
    expect(bad[0]?.text).not.toContain('secret');
  });

  it('loads the rest around lines that are bad, with their place and why', async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const invalid = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const lines = ['{"a":1', '[1]', '"text"', 'null', '{"a":1} x', deep(201), deep(200), "{'a':1}"];
    const bytes = Buffer.concat([
      Buffer.from(lines.map((line) => `${line}\n`).join('')),
      Buffer.from('\n'),
      invalid,
      Buffer.from(`\n{"a":"${'x'.repeat(4096)}"}\n{"a":2}\n`),
    ]);
    const limits = { recordBytesMax: 4096 };
    expect(await badOf(bytes, { ...json, limits })).toEqual([
      [1, 1, 'not_json'],
      [2, 2, 'not_an_object'],
      [3, 3, 'not_an_object'],
      [4, 4, 'not_an_object'],
      [5, 5, 'not_json'],
      [6, 6, 'too_deep'],
      [8, 8, 'not_json'],
      [9, 10, 'not_utf8'],
      [10, 11, 'too_long'],
    ]);
    const { rows } = await read(bytes, { ...json, limits });
    expect(rows.map(({ rowNo }) => rowNo)).toEqual([7, 11]);
  });

  it('gives its rows the time of their field, number or text, and nobody else’s', async () => {
    const text =
      '{"__time__":1700000000}\n{"__time__":"1700000000"}\n{"x":{"__time__":1700000000}}\n';
    const times = (await read(text, json)).rows.map(({ loggedAtMs }) => loggedAtMs);
    expect(times).toEqual([1_700_000_000_000, 1_700_000_000_000, null]);
    const own = await read('{"a":1}\n', { ...json, timeField: 'toString' });
    expect(own.rows.map(({ loggedAtMs }) => loggedAtMs)).toEqual([null]);
  });
});
