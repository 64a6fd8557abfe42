import { afterEach, describe, expect, it } from '@jest/globals';
import type { LogstoreOptions } from '../../../src/simulator/sls/logs.ts';
import { openLogCloud, noonS, type LogCloud } from '../../engine/logCloud.ts';

let cloud: LogCloud | undefined;
afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

const never = new AbortController().signal;
const between = `__time__ >= ${noonS - 60} AND __time__ < ${noonS}`;

async function ask(logs: LogstoreOptions, sqls: readonly string[], path = '/logs') {
  cloud ??= await openLogCloud(logs);
  const answers = [];
  for (const query of sqls) {
    const { headers, body } = await cloud.api.call(
      {
        product: 'sls',
        api: 'GetProjectLogs',
        method: 'GET',
        path,
        query: { query },
        project: 'big-game',
      },
      never,
    );
    answers.push({ rows: body as readonly Record<string, string>[], headers });
  }
  return answers;
}

const row = (agoS: number, level: string, more: { arrivedAtMs?: number } = {}) => ({
  timeS: noonS - agoS,
  fields: { __source__: 'a', level, 路径: "it's" },
  ...more,
});

describe('the simulated GetProjectLogs', () => {
  it('answers a bare array of texts, and what it cost in headers, on both paths', async () => {
    const rows = [row(1, 'ERROR'), row(2, 'INFO'), row(60, 'INFO'), row(61, 'INFO')];
    const sql = `SELECT * FROM "app_log" WHERE ${between} AND (level = 'ERROR' OR "路径" = 'x') LIMIT 10`;
    for (const path of ['/logs', '/logs/']) {
      const [answer] = await ask({ rows }, [sql], path);
      expect(answer?.rows).toEqual([
        { __time__: String(noonS - 1), __source__: 'a', level: 'ERROR', 路径: "it's" },
      ]);
      expect(answer?.headers).toMatchObject({
        ...{ 'x-log-count': '1', 'x-log-elapsed-millisecond': expect.stringMatching(/^\d+$/) },
        'x-log-where-query': expect.stringContaining('路径'),
      });
      expect(answer?.headers['x-log-progress']?.toLowerCase()).toBe('complete');
    }
  });

  it('gives 100 rows where no limit is asked, and no more than are asked for', async () => {
    const made = { fromS: noonS - 60, toS: noonS, perSecond: 5 };
    const sql = `SELECT __time__ FROM app_log WHERE ${between}`;
    const answers = await ask({ made }, [sql, `${sql} LIMIT 7`, `${sql} LIMIT 1000`]);
    expect(answers.map(({ rows }) => rows.length)).toEqual([100, 7, 300]);
  });

  it('groups and counts', async () => {
    const rows = [row(1, 'ERROR'), row(2, 'INFO'), row(3, 'INFO')];
    const sql = `SELECT level, count(*) AS c FROM app_log WHERE ${between} GROUP BY level LIMIT 9`;
    const [answer] = await ask({ rows }, [sql]);
    expect(answer?.rows).toEqual(
      expect.arrayContaining([
        { level: 'ERROR', c: '1' },
        { level: 'INFO', c: '2' },
      ]),
    );
  });

  it('says Incomplete until the identical request has gone through all rows', async () => {
    const rows = [1, 2, 3, 4, 5].map((agoS) => row(agoS, 'INFO'));
    const sql = `SELECT * FROM app_log WHERE ${between} LIMIT 10`;
    const answers = await ask({ rows, scanRowsMax: 2 }, [sql, sql, `${sql} `, sql]);
    const told = answers.map(({ rows: { length }, headers }) => [
      length,
      headers['x-log-progress']?.toLowerCase(),
    ]);
    expect(told).toEqual([
      [2, 'incomplete'],
      [4, 'incomplete'],
      [2, 'incomplete'],
      [5, 'complete'],
    ]);
  });

  it('shows a late row from its arrival on, and none of the future', async () => {
    const rows = [row(30, 'LATE', { arrivedAtMs: (noonS + 10) * 1_000 }), row(-5, 'FUTURE')];
    const sql = `SELECT level FROM app_log WHERE __time__ >= ${noonS - 60} AND __time__ < ${noonS + 60}`;
    expect((await ask({ rows }, [sql]))[0]?.rows).toEqual([]);
    cloud?.clock.advance(10_000);
    expect((await ask({ rows }, [sql]))[0]?.rows).toEqual(
      expect.arrayContaining([{ level: 'LATE' }, { level: 'FUTURE' }]),
    );
  });

  it.each([
    ['SELECT * FROM app_log', /time range|near/],
    [`SELECT * FROM app_log WHERE ${between} LIMIT 1000001`, /LIMIT/],
    ["SELECT * FROM app_log WHERE a = 'x", /quote/],
    [`SELECT * FROM nowhere WHERE ${between}`, /LogStoreNotExist/],
  ])('refuses %j', async (sql, message) => {
    await expect(ask({}, [sql])).rejects.toThrow(message);
  });
});
