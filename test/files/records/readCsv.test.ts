import { describe, expect, it } from '@jest/globals';
import { contents, read } from '../exported.ts';

describe('a CSV file', () => {
  it.each([
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['no line end at the end', 'a,b\n1,2\n3,4'],
    ['a byte order mark', '\u{FEFF}a,b\n1,2\n3,4\n'],
    ['a byte order mark before quotes', '\u{FEFF}"a","b"\r\n"1","2"\r\n"3",4\r\n'],
    ['blank lines', 'a,b\n\n1,2\r\n\r\n3,4\n\n\n'],
  ])('gives its rows with %s', async (_, text) => {
    expect(await contents(text, {})).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  it('keeps what is quoted as it is: commas, quotes, line ends of either kind', async () => {
    expect(await contents('a,b\n"x,""y""","1\r\n2\n3"\n', {})).toEqual([
      { a: 'x,"y"', b: '1\r\n2\n3' },
    ]);
  });

  it('keeps quotes inside an unquoted field, and a CR inside one', async () => {
    expect(await contents('a,b\nx"y",5"\nq\rr,s\n', {})).toEqual([
      { a: 'x"y"', b: '5"' },
      { a: 'q\rr', b: 's' },
    ]);
  });

  it('of one column has rows without text where lines are blank', async () => {
    expect(await contents('a\n1\n\n""\n2\n', {})).toEqual(['1', '', '', '2'].map((a) => ({ a })));
  });

  it.each(['', '\n', '\r\n', 'a,b', 'a,b\n', '\u{FEFF}', '\u{FEFF}a,b\r\n'])(
    'without rows gives none, and is no error: %j',
    async (text) => {
      expect(await contents(text, {})).toEqual([]);
    },
  );

  it('numbers columns of one name, and none takes the name of another', async () => {
    expect(await contents('a,a,a (2),,a,\n1,2,3,4,5,6\n', {})).toEqual([
      { a: '1', 'a (2)': '2', 'a (2) (2)': '3', '': '4', 'a (3)': '5', ' (2)': '6' },
    ]);
  });

  it('of hundreds of thousands of columns without a name is refused at once, not after hours', async () => {
    const { fault } = await read(`${','.repeat(300_000)}\n`, {});
    expect(fault).toBe('no_header');
    const [row] = await contents(`${','.repeat(100_000)}\n${','.repeat(100_000)}\n`, {});
    expect(Object.keys(row ?? {})).toHaveLength(100_001);
    expect(row).toMatchObject({ '': '', ' (100001)': '' });
  });

  it('loads the rest around records that are bad, with their place and why', async () => {
    const text = 'a,b\n1,2\n1\n"x\ny",2\n1,2,3\n"p"q,2\n3,4\n"open,\n5,6\n';
    const { rows, bad } = await read(text, {});
    expect(rows.map(({ rowNo, content }) => [rowNo, content])).toEqual([
      [1, '{"a":"1","b":"2"}'],
      [3, '{"a":"x\\ny","b":"2"}'],
      [6, '{"a":"3","b":"4"}'],
    ]);
    expect(bad.map(({ rowNo, line, reason, text: shown }) => [rowNo, line, reason, shown])).toEqual(
      [
        [2, 3, 'ragged', '1'],
        [4, 6, 'ragged', '1,2,3'],
        [5, 7, 'stray_quote', '"p"q,2'],
        [7, 9, 'unterminated_quote', '"open,\n5,6\n'],
      ],
    );
  });

  it('loads the rest around a record that is not UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n"错\n误",1\n'),
      Buffer.from([0xb4, 0xed, 0x2c, 0x31, 0x0a]),
      Buffer.from('é\r,"x""y"\r\n2,3\n'),
    ]);
    const { rows, bad } = await read(bytes, {});
    expect(rows.map(({ content }): unknown => JSON.parse(content))).toEqual([
      { a: '错\n误', b: '1' },
      { a: 'é\r', b: 'x"y' },
      { a: '2', b: '3' },
    ]);
    expect(bad).toMatchObject([{ rowNo: 2, line: 4, reason: 'not_utf8' }]);
  });

  it.each([
    ['is blank', '\n1,2\n'],
    ['is not UTF-8', Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x0a, 0x00])],
    ['is longer than a record may be', `${'a,'.repeat(3000)}\n1,2\n`],
    ['never ends its quotes', '"a,b\n1,2\n'],
    ['has text behind a quote', '"a"b,c\n1,2\n'],
  ])('whose first line %s is refused', async (_, content) => {
    const { fault, rows } = await read(content, { limits: { recordBytesMax: 4096 } });
    expect([fault, rows]).toEqual(['no_header', []]);
  });

  it('withholds pre-signed links in values, names and what is shown of bad records', async () => {
    const link = 'https://b.oss.com/f?Expires=1&Signature=secret';
    const text = `a,${link}\n${link},"x ${link}"\n${link}\n${'x'.repeat(1990)}${link}\n`;
    const reading = await read(text, {});
    expect(reading.rows).toHaveLength(1);
    expect(reading.bad).toHaveLength(2);
    expect(JSON.stringify(reading)).not.toContain('secret');
    expect(JSON.stringify(reading)).not.toContain('Expires');
  });

  it('gives its rows the time of their field', async () => {
    const { rows } = await read('x,__time__\n1,1700000000\n2,\n3,2023-11-14T22:13:20Z\n', {});
    expect(rows.map(({ loggedAtMs }) => loggedAtMs)).toEqual([
      1_700_000_000_000,
      null,
      1_700_000_000_000,
    ]);
  });
});
