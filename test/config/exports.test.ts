import { describe, expect, it } from '@jest/globals';
import { fullYaml, parse, problemLines } from './configKit.ts';

const short = `
accounts: { prod: { provider: aliyun, region: cn-hangzhou, credentials: { type: default } } }
streams:
  exports: { source: aliyun.sls.download_jobs, account: prod, project: big-game, schedule: "* * * * *" }
  trail: { source: aliyun.actiontrail.delivery_history_jobs, account: prod, schedule: "* * * * *" }
exports:
  daily: { stream: exports, logstore: app_log, query: "*", every: 1d, start: "2026-11-01T00:00:00Z" }
`;

/** The messages for the short file with one text replaced, without their places. */
function problems(text: string, replacement: string): readonly string[] {
  if (!short.includes(text)) throw new Error(`no such text: ${text}`);
  return problemLines(short.replace(text, replacement)).map((line) =>
    line.replace(/^logferry\.yaml:\d+:\d+ /, ''),
  );
}

describe('exports of the configuration', () => {
  it('are read with every key', () => {
    expect(parse(fullYaml).exports).toEqual([
      {
        ...{ name: 'daily-errors', stream: 'exports', retries: 3, parallel: 2 },
        spec: {
          ...{ logstore: 'app_log', query: 'level: ERROR', format: 'json', compression: 'zstd' },
          ...{ powerSql: true, allowIncomplete: true, roleArn: 'acs:ram::1:role/writer' },
          ...{ bucket: 'my-bucket', prefix: 'logs/' },
        },
        windows: {
          ...{ everyMs: 86_400_000, startMs: Date.parse('2026-11-01T00:00:00Z') },
          ...{ utcOffsetMinutes: 480, settleMs: 7_200_000 },
        },
      },
    ]);
  });

  it('have defaults for what is left out', () => {
    expect(parse(short).exports).toMatchObject([
      {
        ...{ retries: 2, parallel: 1, windows: { utcOffsetMinutes: 0, settleMs: 3_600_000 } },
        spec: {
          ...{ format: 'csv', compression: 'gzip', powerSql: false, allowIncomplete: false },
          ...{ roleArn: null, bucket: null, prefix: null },
        },
      },
    ]);
  });

  it.each([
    [
      'stream: exports',
      'stream: export',
      'exports.daily.stream: must be one of exports, trail; did you mean exports?',
    ],
    [
      'stream: exports',
      'stream: trail',
      'exports.daily.stream: must be a stream whose jobs can be ordered: of aliyun.sls.download_jobs',
    ],
    [
      'every: 1d',
      'every: 5h',
      'exports.daily.every: must be 1h, 2h, 3h, 4h, 6h, 8h, 12h or whole days up to 31d',
    ],
    ['every: 1d', 'every: 32d', 'exports.daily.every: must be from 1h to 31d'],
    [
      '"2026-11-01T00:00:00Z"',
      'yesterday',
      'exports.daily.start: must be a time: 2026-11-01T00:00:00Z',
    ],
    ['every: 1d', 'every: 1d, evry: 1d', 'exports.daily.evry: unknown key; did you mean every?'],
    ['daily:', '-daily:', expect.stringContaining('a name has 1 to 64 of')],
    ['every: 1d', 'every: 1d, format: xml', 'exports.daily.format: must be one of csv, json'],
    [
      'every: 1d',
      'every: 1d, utcOffset: Beijing',
      'exports.daily.utcOffset: must be an offset from UTC: "+08:00"',
    ],
  ])('are refused where %j is %j, by path', (text, replacement, problem) => {
    expect(problems(text, replacement)).toContainEqual(problem);
  });

  it('are told all at once with what else is wrong', () => {
    const lines = problemLines(
      short.replace('stream: exports', 'stream: nobody').replace('project: big-game', 'project: B'),
    );
    expect(lines.map((line) => /(streams|exports)\.[\w.]+/.exec(line)?.[0])).toEqual([
      'streams.exports.project',
      'exports.daily.stream',
    ]);
  });
});
