import { describe, expect, it } from '@jest/globals';
import { fullYaml, parse, problemLines } from './configKit.ts';

/** The full file with one line replaced. */
function withLine(line: string, replacement: string): string {
  if (!fullYaml.includes(`${line}\n`)) throw new Error(`no such line: ${line}`);
  return fullYaml.replace(`${line}\n`, replacement === '' ? '' : `${replacement}\n`);
}

const HOSTS = '  allowedHosts: ["*.aliyuncs.com", "127.0.0.1:9000"]';

describe('parseConfig', () => {
  it('reads every key, durations in milliseconds', () => {
    const config = parse(fullYaml);
    expect(config).toMatchObject({
      database: { url: 'postgresql://logferry:pw@db:5432/logferry' },
      queue: {
        url: 'rediss://:pw@redis:6379/0',
        prefix: 'ferry',
        requeueEveryMs: 90_000,
        lockDurationMs: 10_000,
      },
      web: { host: '127.0.0.1', port: 8080, username: 'ops', password: 'hunter2hunter2' },
      log: { level: 'debug' },
      downloads: {
        allowedHosts: [
          { kind: 'below', domain: 'aliyuncs.com' },
          { kind: 'named', host: '127.0.0.1', port: 9_000 },
        ],
        archive: './exports',
        fileBytesMax: 100 * 1024 ** 2,
        limits: { unpackedBytesMax: 1_000 * 1024 ** 2, ratioMax: 50, recordBytesMax: 64 * 1024 },
      },
    });
    expect(config.accounts.get('prod')).toMatchObject({
      provider: 'aliyun',
      region: 'cn-hangzhou',
    });
    expect(config.streams).toMatchObject([
      {
        name: 'exports',
        source: { id: 'aliyun.sls.download_jobs' },
        account: 'prod',
        schedule: '*/5 * * * *',
        settings: { project: 'big-game', logstore: 'app_log', pageSize: 100, download: true },
        track: { pollMinMs: 5_000, pollMaxMs: 300_000, deadlineMs: 86_400_000 },
      },
    ]);
  });

  it('takes the embedded services and the defaults for what is left out', () => {
    const config = parse(`
accounts: { prod: { provider: aliyun, region: cn-hangzhou, credentials: { type: default } } }
streams: { exports: { source: aliyun.sls.download_jobs, account: prod, project: big-game, schedule: "* * * * *" } }
`);
    expect({ ...config, accounts: null, streams: config.streams[0]?.track }).toEqual({
      database: { url: null },
      queue: { url: null, prefix: 'logferry', requeueEveryMs: 60_000, lockDurationMs: 30_000 },
      web: { host: '127.0.0.1', port: 8080, username: 'ops', password: null },
      log: { level: 'info' },
      downloads: {
        allowedHosts: [{ kind: 'below', domain: 'aliyuncs.com' }],
        archive: null,
        fileBytesMax: 16 * 1024 ** 3,
        limits: {
          unpackedBytesMax: 256 * 1024 ** 3,
          ratioMax: 1_000,
          recordBytesMax: 16 * 1024 ** 2,
        },
      },
      accounts: null,
      streams: { pollMinMs: 5_000, pollMaxMs: 300_000, deadlineMs: 86_400_000 },
      exports: [],
    });
  });

  it('takes a key without a value as left out', () => {
    expect(parse(withLine('  url: rediss://:pw@redis:6379/0', '  url:')).queue.url).toBeNull();
  });

  it.each([
    ['  port: 8080', '  port: 70000', '10:9 web.port: must be a whole number from 0 to 65535'],
    [
      '  port: 8080',
      '  port: x',
      '10:9 web.port: must be a whole number from 0 to 65535, not text',
    ],
    [
      '  username: ops',
      '  username: 7',
      '11:13 web.username: must be text, not a number: put it in quotes',
    ],
    ['  username: ops', '  usrname: ops', '11:3 web.usrname: unknown key; did you mean username?'],
    [
      '  username: ops',
      '  retention: 5d',
      '11:3 web.retention: unknown key; known here: host, port, username, password',
    ],
    [
      '  level: debug',
      '  level: inf',
      'log.level: must be one of trace, debug, info, warn, error, fatal, silent; did you mean info?',
    ],
    [HOSTS, '  allowedHosts: ["*"]', '16:18 downloads.allowedHosts[0]: must be a host ('],
    [HOSTS, '  allowedHosts: ["*.com"]', 'below a domain of two names or more (*.aliyuncs.com)'],
    [HOSTS, '  allowedHosts: [a.b, "https://a.b"]', '16:23 downloads.allowedHosts[1]: must be a'],
    [HOSTS, '  allowedHosts: []', 'downloads.allowedHosts: must be a list that is not empty'],
    [HOSTS, '  allowedHosts: "*.a.b"', 'must be a list that is not empty, not text'],
    [HOSTS, '  allowedHosts: [7]', 'must be text, not a number: put it in quotes'],
    [HOSTS, '  allowedHost: [a.b]', 'unknown key; did you mean allowedHosts?'],
    ['  archive: ./exports', '  archive: ""', 'must be text that is not empty'],
    ['  archive: ./exports', '', ''],
    ['  ratio: 50', '  ratio: 1', 'must be a whole number from 2 to 1000000'],
    ['  fileMiB: 100', '  fileMiB: 1.5', 'must be a whole number from 1 to 1048576'],
    ['  recordKiB: 64', '  recordKiB: 32769', 'must be a whole number from 1 to 32768'],
    ['  requeueEvery: 90s', '  requeueEvery: 90', 'must be text, not a number: put it in quotes'],
    ['  requeueEvery: 90s', '  requeueEvery: 90 s', 'must be a duration: 500ms, 30s, 5m, 1h or 2d'],
    ['  requeueEvery: 90s', '  requeueEvery: 2h', 'must be from 1s to 1h'],
    [
      '      pollMin: 5s',
      '      pollMin: 6m',
      'streams.exports.track.pollMin: must not be longer than pollMax',
    ],
    [
      '  url: rediss://:pw@redis:6379/0',
      '  url: http://redis',
      'queue.url: must begin with redis:// or rediss://',
    ],
    [
      '  url: postgresql://logferry:pw@db:5432/logferry',
      '  url: mysql://db/logferry',
      'database.url: must begin with postgres:// or postgresql://',
    ],
    [
      '  url: postgresql://logferry:pw@db:5432/logferry',
      '  url: postgresql://logferry:p#w@db/logferry',
      'database.url: is not a URL with a host; write special characters of the password as %XX',
    ],
    [
      '    source: aliyun.sls.download_jobs',
      '    source: aliyun.sls.download_job',
      '34:13 streams.exports.source: must be one of aliyun.sls.download_jobs,',
    ],
    [
      '    source: aliyun.sls.download_jobs',
      '',
      '33:3 streams.exports.source: is missing; must be',
    ],
    ['    account: prod', '    account: prd', '35:14 streams.exports.account: must be prod'],
    ['    schedule: "*/5 * * * *"', '    schedule: "* * * *"', 'must be cron in UTC: five fields'],
    ['    schedule: "*/5 * * * *"', '    schedule: "@daily"', 'must be cron in UTC: five fields'],
    [
      '    schedule: "*/5 * * * *"',
      '    schedule: "61 * * * *"',
      'must be cron in UTC: five fields',
    ],
    [
      '    pageSize: 100',
      '    pageSize: 0',
      'streams.exports.pageSize: must be a whole number from ',
    ],
    [
      '    pageSize: 100',
      '    pagesize: 100',
      'streams.exports.pagesize: unknown key; did you mean pageSize?',
    ],
    ['    project: big-game', '', 'streams.exports.project: is missing'],
    ['  host: 127.0.0.1', '  host: 0.0.0.0', ''],
    ['  password: hunter2hunter2', '  password:', ''],
    [
      '    provider: aliyun',
      '    provider: aws',
      'accounts.prod.provider: must be one of aliyun, huawei',
    ],
    [
      '      type: access_key',
      '      type: acces_key',
      'accounts.prod.credentials.type: must be one of',
    ],
    [
      '      accessKeySecret: keysecret-sentinel',
      '',
      'accounts.prod.credentials.accessKeySecret: is missing',
    ],
  ])('answers %j -> %j with what is wrong and what would be right', (line, replacement, answer) => {
    const lines = problemLines(withLine(line, replacement));
    expect(lines.join('\n')).toContain(answer);
    expect(lines).toHaveLength(answer === '' ? 0 : 1);
  });

  it('tells a wrong stream name at the stream, and where the right one is used', () => {
    expect(problemLines(withLine('  exports:', '  Exports:'))).toEqual([
      expect.stringContaining('33:3 streams.Exports: a name has 1 to 64 of a-z'),
      expect.stringContaining('exports.daily-errors.stream: must be Exports'),
    ]);
  });

  it('judges the keys of a mistyped source by the one that was meant', () => {
    const bad = fullYaml
      .replace('aliyun.sls.download_jobs', 'aliyun.sls.downloadjobs')
      .replace('pageSize: 100', 'pagesize: 100');
    expect(problemLines(bad).map((line) => line.split(' ')[1])).toEqual([
      'streams.exports.source:',
      'streams.exports.pagesize:',
    ]);
  });

  it('requires a password off loopback', () => {
    const open = withLine('  host: 127.0.0.1', '  host: 0.0.0.0').replace('hunter2hunter2', '""');
    expect(problemLines(open)).toEqual([
      'logferry.yaml:12:13 web.password: a password is required when web.host is not a loopback address; ' +
        'set it from the environment, or use host 127.0.0.1',
    ]);
  });

  it('reports every error at once, in the order of the file', () => {
    const bad = fullYaml
      .replace('port: 8080', 'port: none')
      .replace('level: debug', 'level: loud')
      .replace('region: cn-hangzhou', 'regoin: cn-hangzhou')
      .replace('account: prod', 'account: test')
      .replace('pageSize: 100', 'pageSize: -1')
      .replace('"*/5 * * * *"', 'never');
    expect(problemLines(bad).map((line) => line.split(' ')[1])).toEqual([
      'web.port:',
      'log.level:',
      'accounts.prod.region:',
      'accounts.prod.regoin:',
      'streams.exports.account:',
      'streams.exports.schedule:',
      'streams.exports.pageSize:',
    ]);
  });

  it.each([
    ['', ['accounts: is missing', 'streams: is missing']],
    ['- a\n', ['must be a mapping of keys to values, not a list']],
    ['a: "x\n', ['not valid YAML: a quote, a comma or a bracket is missing here or before']],
    ['a:\n\tb: 1\n', ['not valid YAML: a tab indents this line; use spaces']],
    ['web: {}\nweb: {}\n', ['2:1: not valid YAML: this key is there twice']],
    ['a: *hunter2\n', ['aliases (*name) are not supported']],
    ['a: &hunter2 x\n', ['anchors (&name) are not supported']],
    ['a: !hunter2 x\n', ['tags (!name) are not supported']],
    ['__proto__: 1\n', ['this key is not a name']],
    ['a: 1\n---\nb: 1\n', ['more than one document']],
    ['['.repeat(100_000), ['not valid YAML']],
  ])('answers a file that is no configuration, case %#', (text, answers) => {
    const said = problemLines(text).join('\n');
    for (const answer of answers) expect(said).toContain(answer);
    expect(said).not.toContain('hunter2');
  });

  it('refuses accounts and streams without an entry', () => {
    expect(problemLines('accounts: {}\nstreams: {}\n')).toEqual([
      'logferry.yaml:1:11 accounts: must hold at least one account',
      'logferry.yaml:2:10 streams: must hold at least one stream',
    ]);
  });
});
