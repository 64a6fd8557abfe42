import { ConfigError } from '../../src/config/configError.ts';
import type { Config } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { parseConfig } from '../../src/config/parseConfig.ts';
import { sources } from '../../src/sources/registry.ts';

/** A configuration that uses every key, in block style so that lines are places. */
export const fullYaml = `database:
  url: postgresql://logferry:pw@db:5432/logferry
queue:
  url: rediss://:pw@redis:6379/0
  prefix: ferry
  requeueEvery: 90s
  lockDuration: 10s
web:
  host: 127.0.0.1
  port: 8080
  username: ops
  password: hunter2hunter2
log:
  level: debug
downloads:
  allowedHosts: ["*.aliyuncs.com", "127.0.0.1:9000"]
  archive: ./exports
  fileMiB: 100
  unpackedMiB: 1000
  ratio: 50
  recordKiB: 64
accounts:
  prod:
    provider: aliyun
    region: cn-hangzhou
    credentials:
      type: access_key
      accessKeyId: keyid-sentinel
      accessKeySecret: keysecret-sentinel
    endpoints:
      sls: http://127.0.0.1:8181
streams:
  exports:
    source: aliyun.sls.download_jobs
    account: prod
    schedule: "*/5 * * * *"
    project: big-game
    logstore: app_log
    pageSize: 100
    download: true
    track:
      pollMin: 5s
      pollMax: 5m
      deadline: 1d
exports:
  daily-errors:
    stream: exports
    logstore: app_log
    query: "level: ERROR"
    every: 1d
    start: "2026-11-01T00:00:00Z"
    settle: 2h
    utcOffset: "+08:00"
    format: json
    compression: zstd
    allowIncomplete: true
    powerSql: true
    roleArn: acs:ram::1:role/writer
    bucket: my-bucket
    prefix: logs/
    retries: 3
    parallel: 2
`;

/** Reads a text as the file `logferry.yaml`, with the registered sources. */
export function parse(text: string, env: Environment = {}): Config {
  return parseConfig({ text, file: 'logferry.yaml', env, sources });
}

/** The lines that a bad file is answered with; none for a good one. */
export function problemLines(text: string, env: Environment = {}): readonly string[] {
  try {
    parse(text, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

/** The paths at which a bad file is found wrong. */
export function problemPaths(text: string, env: Environment = {}): readonly string[] {
  try {
    parse(text, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.path);
    throw error;
  }
}
