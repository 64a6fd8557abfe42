import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonValue } from '../../src/domain/json.ts';
import { parseJson } from '../../src/http/json.ts';
import { slsProjectLogs } from '../../src/sources/slsProjectLogs.ts';

const { streamSchema, request, facts, readRow, settings, probe } = slsProjectLogs;
const example = parseJson(
  readFileSync(new URL('../fixtures/sls-get-project-logs.json', import.meta.url), 'utf8'),
);
const exampleRows = (isJsonObject(example) ? example['logs'] : null) as readonly JsonValue[];

const sqlOf = (given: object) =>
  request(streamSchema.parse({ project: 'big-game', ...given }), { fromS: 60, toS: 120 }).query[
    'query'
  ];

function issuesOf(given: object): readonly string[] {
  const parsed = streamSchema.safeParse({ project: 'big-game', ...given });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('GetProjectLogs', () => {
  it('asks for a window of a Logstore, bounds first, names quoted', () => {
    const asked = streamSchema.parse({
      ...{ project: 'big-game', logstore: 'app"log', where: "level = 'ERROR' OR a > 1" },
      ...{ columns: ['level', '__time__', 'a"b'], limit: 500 },
    });
    expect(request(asked, { fromS: 60, toS: 120 })).toEqual({
      ...{ product: 'sls', api: 'GetProjectLogs', method: 'GET', path: '/logs' },
      query: {
        query: `SELECT __time__, __source__, __topic__, "level", "a""b" FROM "app""log" WHERE __time__ >= 60 AND __time__ < 120 AND (level = 'ERROR' OR a > 1) LIMIT 500`,
      },
      project: 'big-game',
    });
  });

  it('asks for every field where none is named, and for Dedicated SQL where it is wanted', () => {
    expect(sqlOf({ logstore: 'app_log' })).toBe(
      'SELECT * FROM "app_log" WHERE __time__ >= 60 AND __time__ < 120 LIMIT 100000',
    );
    const asked = streamSchema.parse({ project: 'big-game', logstore: 'a', powerSql: true });
    expect(request(asked, { fromS: 0, toS: 1 }).query['powerSql']).toBe('true');
  });

  it('puts the window into a whole query', () => {
    const query = "SELECT * FROM a WHERE __time__ >= :from AND __time__ < :to AND b = ':to'";
    expect(sqlOf({ query, limit: 9 })).toBe(
      "SELECT * FROM a WHERE __time__ >= 60 AND __time__ < 120 AND b = ':to' LIMIT 9",
    );
  });

  it('reads a query whose rows have no time as figures over the window, whose own limit is what is asked', () => {
    const query =
      'SELECT level, count(*) AS c FROM a WHERE __time__ >= :from AND __time__ < :to GROUP BY level ORDER BY c LIMIT 3';
    const asked = streamSchema.parse({ project: 'big-game', query });
    expect(settings(asked)).toMatchObject({ aggregate: true, isFilledByLimit: false, rowsMax: 3 });
    const logs = { project: 'big-game', query: query.replace('level, count(*) AS c', '*') };
    expect(settings(streamSchema.parse(logs))).toMatchObject({
      ...{ aggregate: false, isFilledByLimit: true, rowsMax: 3 },
    });
  });

  it.each([
    [{}, /^logstore: name the Logstore/],
    [
      { query: 'SELECT * FROM a' },
      /^query: lacks :from and :to; .*WHERE __time__ >= :from AND __time__ < :to/,
    ],
    [{ query: 'x :from :to', logstore: 'a' }, /^logstore: stands beside query/],
    [{ logstore: 'a', where: '1 = 1) OR (1 = 1' }, /^where: closes a parenthesis/],
    [{ logstore: 'a', limit: 1_000_001 }, /^limit: /],
    [{ logstore: 'a', concurrency: 16 }, /^concurrency: /],
    [{ logstore: 'a', window: '1500ms' }, /^window: must be whole seconds/],
    [{ logstore: 'a', lookback: '2d', retention: '1d' }, /^retention: must not be shorter/],
    [{ logstore: 'a', start: 'yesterday' }, /^start: must be a time/],
    [{ logstore: 'a', aggregate: true }, /^aggregate: needs a query/],
  ])('is refused with what would be right when it is configured as %j', (given, issue) => {
    expect(issuesOf(given)).toEqual([expect.stringMatching(issue)]);
  });

  it('reads the rows of the example of the API page, every field kept', () => {
    expect(exampleRows.map(readRow)).toEqual([
      {
        kind: 'timed',
        timeS: 1_409_529_660,
        row: {
          identity: exampleRows[0],
          columns: { logged_at: 1_409_529_660_000, source: '', topic: null },
          raw: { __time__: 1_409_529_660, __source__: '', Key1: 'error', Key2: 'Value2' },
        },
      },
      expect.objectContaining({ kind: 'timed', timeS: 1_409_529_680 }),
    ]);
  });

  it('reads times sent as text, as the service really does', () => {
    const row = { __time__: '1409529660', __source__: '10.0.0.1', __topic__: 'groupA', a: 'null' };
    expect(readRow(row)).toMatchObject({
      timeS: 1_409_529_660,
      row: { columns: { source: '10.0.0.1', topic: 'groupA' }, raw: row },
    });
  });

  it('withholds pre-signed links', () => {
    const url = 'https://b.oss-cn-hangzhou.aliyuncs.com/x?Expires=1&Signature=secret';
    const reading = readRow({ __time__: '1', __source__: url, url });
    expect(
      JSON.stringify({
        ...reading,
        row: { ...('row' in reading ? reading.row : {}), identity: null },
      }),
    ).not.toContain('secret');
  });

  it.each([
    ['text', 'not_an_object'],
    [{ __time__: 'noon' }, 'unreadable_time'],
    [{ __time__: '-1' }, 'unreadable_time'],
    [{ __time__: '99999999999999' }, 'unreadable_time'],
  ])('rejects %j, and keeps it', (row: JsonValue, reason) => {
    expect(readRow(row)).toEqual({ kind: 'rejected', entry: { reason, raw: row } });
  });

  it.each([
    ['Complete', true],
    ['complete', true],
    [' COMPLETE ', true],
    ['Incomplete', false],
    ['', false],
    [undefined, false],
  ])('takes x-log-progress %j for complete: %s', (progress, isComplete) => {
    const headers = progress === undefined ? {} : { 'x-log-progress': progress };
    expect(facts(headers)).toMatchObject({ isComplete, reportedRows: null });
  });

  it('reads what an answer cost from its headers', () => {
    const headers = {
      ...{ 'x-log-progress': 'Complete', 'x-log-count': '10000' },
      ...{ 'x-log-processed-rows': '10001', 'x-log-elapsed-millisecond': 'soon' },
    };
    expect(facts(headers)).toEqual({
      ...{
        isComplete: true,
        isTold: true,
        reportedRows: 10_000,
        processedRows: 10_001,
        elapsedMs: null,
      },
    });
  });

  it('is tried by one settled second of one row', () => {
    const asked = streamSchema.parse({ project: 'big-game', logstore: 'a', settle: '10s' });
    expect(probe.request(asked, 70_900).query['query']).toMatch(/>= 59 AND __time__ < 60 LIMIT 1$/);
    expect(probe.found([], asked)).not.toBeNull();
    expect(probe.found({}, asked)).toBeNull();
  });
});
