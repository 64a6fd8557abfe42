import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { conditionFault, fillQuery, readQuery, sqlName } from '../../src/domain/sql.ts';

function read(sql: string) {
  const reading = readQuery(sql);
  if (!reading.ok) throw new Error(reading.fault);
  return reading.template;
}

const filled = (sql: string) => fillQuery(read(sql), { from: 10, to: 20, limit: 5 });
const bounds = '__time__ >= :from AND __time__ < :to';

describe('a condition', () => {
  it.each([
    "level = 'ERROR'",
    "a = 'it''s; -- no comment' OR (b > 1 AND \"c)\" = '(')",
    "路径 LIKE '%/a/*b*/%'",
  ])('may be %s', (sql) => {
    expect(conditionFault(sql)).toBeNull();
  });

  it.each([
    ['1 = 1) OR (1 = 1', /closes a parenthesis/],
    ['(a = 1', /opens a parenthesis/],
    ["a = 'x", /quote/],
    ["a = 'x' -- ", /comment/],
    ['a = 1 /* x */', /comment/],
    ['a = 1; drop table x', /semicolon/],
    [' ', /empty/],
  ])('cannot be %j, which would change what stands around it', (sql, fault) => {
    expect(conditionFault(sql)).toMatch(fault);
  });

  it('that is let in leaves every quote and parenthesis around it as it was', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '(',
      ')',
      '--',
      '/*',
      '*/',
      ';',
      "''",
      ' a ',
      '=',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const condition = pieces.join('');
        fc.pre(conditionFault(condition) === null);
        const whole = `(${condition}) AND 'end' = 'end'`;
        expect(conditionFault(whole)).toBeNull();
      }),
    );
  });
});

describe('a name', () => {
  it('of any characters is one identifier', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        expect(conditionFault(`${sqlName(name)} = 1`)).toBeNull();
      }),
    );
  });
});

describe('a query', () => {
  it('has the bounds put in wherever they stand, but not inside of quotes', () => {
    expect(filled(`SELECT ':from' AS ":to" FROM a WHERE ${bounds}`)).toBe(
      `SELECT ':from' AS ":to" FROM a WHERE __time__ >= 10 AND __time__ < 20 LIMIT 5`,
    );
  });

  it('loses its comments and its last semicolon, so that a limit can follow', () => {
    expect(filled(`SELECT * FROM a WHERE ${bounds} -- all\n; `)).toBe(
      'SELECT * FROM a WHERE __time__ >= 10 AND __time__ < 20 LIMIT 5',
    );
  });

  it('keeps a limit of its own, and that of a subquery is not its own', () => {
    expect(filled(`SELECT * FROM a WHERE ${bounds} LIMIT 7`)).toMatch(/LIMIT 7$/);
    expect(filled(`SELECT * FROM (SELECT * FROM a WHERE ${bounds} LIMIT 7)`)).toMatch(
      /7\) LIMIT 5$/,
    );
  });

  it.each([
    ['SELECT * FROM a', /lacks :from and :to/],
    ['SELECT * FROM a WHERE __time__ >= :from', /lacks :to/],
    [`SELECT * FROM a WHERE ${bounds} AND b = :b`, /placeholder :b/],
    [`SELECT * FROM a WHERE ${bounds}; SELECT 1`, /semicolon/],
    [`SELECT * FROM a WHERE ${bounds} LIMIT 5, 10`, /offset/],
    [`SELECT 'a FROM b WHERE ${bounds}`, /not closed/],
  ])('is refused when it is %j', (sql, fault) => {
    const reading = readQuery(sql);
    expect(reading.ok ? '' : reading.fault).toMatch(fault);
  });

  it.each([
    ['*', true],
    ['__time__, level', true],
    ['a.*', true],
    ['l.__time__', true],
    ['max(x) AS "__time__"', true],
    ['DISTINCT __time__', true],
    ['count(*)', false],
    ['count(*) AS c, level', false],
    ['__time__ - __time__ % 60 AS minute', false],
    ["date_trunc('minute', __time__)", false],
    ["'__time__'", false],
  ])('that selects %s has log entries: %s', (list, hasTime) => {
    expect(read(`SELECT ${list} FROM a WHERE ${bounds}`).hasTime).toBe(hasTime);
  });
});
