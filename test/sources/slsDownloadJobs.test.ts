import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/domain/json.ts';
import { parseJson } from '../../src/http/json.ts';
import { slsDownloadJobs } from '../../src/sources/slsDownloadJobs.ts';

const example = readFileSync(
  new URL('../fixtures/sls-list-download-jobs.json', import.meta.url),
  'utf8',
);
const stream = slsDownloadJobs.streamSchema.parse({ project: 'ali-test-project' });
const { listing, tracking } = slsDownloadJobs;

function readOne(job: JsonValue) {
  return tracking.read(job, stream);
}

function entryOf(job: JsonValue) {
  const reading = readOne(job);
  if (reading.kind !== 'entry') throw new Error(`rejected: ${reading.entry.reason}`);
  return reading;
}

describe('ListDownloadJobs', () => {
  it('asks as the API page says, the project apart from the query', () => {
    const asked = slsDownloadJobs.streamSchema.parse({
      project: 'ali-test-project',
      logstore: 'ali-test-logstore',
    });
    expect(listing.request(asked, { offset: 0, size: 10 })).toEqual({
      product: 'sls',
      api: 'ListDownloadJobs',
      method: 'GET',
      path: '/downloadjobs',
      query: { logstore: 'ali-test-logstore', offset: '0', size: '10' },
      project: 'ali-test-project',
    });
  });

  it('types every field of the example of the API page', () => {
    const page = listing.read(parseJson(example), stream);
    const [reading] = page?.entries ?? [];
    expect(page?.total).toBe(10);
    expect(reading?.kind === 'entry' ? reading.entry : null).toMatchObject({
      key: 'download-123@1722411060',
      jobKey: 'download-123',
      status: 'STARTING、RUNNING、SUCCEEDED、ERROR',
      progressPercent: 100,
      columns: {
        project: 'ali-test-project',
        name: 'download-123',
        display_name: 'download-123',
        description: 'a download job',
        logstore: 'ali-test-logstore',
        query: '* | select *',
        from_time: 1_722_409_260_000,
        to_time: 1_722_411_060_000,
        power_sql: true,
        allow_incomplete: false,
        content_type: 'csv',
        compression_type: 'none',
        sink_type: 'AliyunOSS',
        role_arn: 'acs:ram::123456:role/aliyunlogimportossrole',
        bucket: 'ali-test-oss-bucket',
        prefix: 'download/',
        progress: 100,
        file_size: '123456',
        execute_time_s: '123',
        log_count: '123',
        error_message: 'timeout',
        check_sum: 'ETASFGASDASQWDasd',
        notice: '',
        created_at: 1_722_411_060_000,
      },
    });
  });

  it('keeps the status as sent in raw, and nothing that a column holds', () => {
    const sent = (parseJson(example) as { results: JsonObject[] }).results[0]!;
    expect(entryOf(sent).entry.raw).toEqual({ status: 'STARTING、RUNNING、SUCCEEDED、ERROR' });
  });

  it('keeps unknown fields and unreadable values in raw, at their place', () => {
    const job = {
      name: 'a',
      status: 'Running',
      tier: { size: 9 },
      executionDetails: { progress: 'n/a', fileSize: 3, node: 'x' },
    };
    expect(entryOf(job).entry.raw).toEqual({
      status: 'Running',
      tier: { size: 9 },
      executionDetails: { progress: 'n/a', node: 'x' },
    });
  });

  it('holds the link to the file nowhere', () => {
    const link = 'https://h/x.csv?Expires=1&Signature=secret';
    const job = { name: 'a', status: 'SUCCEEDED', executionDetails: { filePath: link } };
    expect(JSON.stringify(entryOf(job))).not.toMatch(/secret|h\/x\.csv/);
  });

  it('reports the status of the example, which is no status, as drift, and nothing else of it', () => {
    const sent = (parseJson(example) as { results: JsonObject[] }).results[0]!;
    expect(entryOf(sent).drift).toEqual([
      { path: 'status', kind: 'unknown_value', sample: 'STARTING、RUNNING、SUCCEEDED、ERROR' },
    ]);
  });

  it.each([
    ['lower-case status', { status: ' running ' }, { status: 'RUNNING' }],
    ['no status', {}, { status: 'UNKNOWN' }],
    ['progress as text', { executionDetails: { progress: '42' } }, { progressPercent: 42 }],
    ['unreadable progress', { executionDetails: { progress: 'n/a' } }, { progressPercent: null }],
    ['createTime as number', { createTime: 1722411060 }, { key: 'a@1722411060' }],
    ['no createTime', {}, { key: 'a' }],
  ])('reads an entry with %s', (_what, fields, expected) => {
    expect(entryOf({ name: 'a', ...fields }).entry).toMatchObject(expected);
  });

  it('reads allowInComplete as text and as boolean alike', () => {
    const read = (allowInComplete: JsonValue) =>
      entryOf({ name: 'a', configuration: { allowInComplete } }).entry.columns['allow_incomplete'];
    expect([read(true), read('true'), read('False'), read('maybe')]).toEqual([
      true,
      true,
      false,
      null,
    ]);
  });

  it('keeps all digits of a number beyond 2^53', () => {
    const job = parseJson('{"name":"a","executionDetails":{"fileSize":9007199254740993}}');
    expect(entryOf(job).entry.columns['file_size']).toBe('9007199254740993');
  });

  it('reports unknown fields by their path, links in them withheld', () => {
    const job = {
      name: 'a',
      status: 'RUNNING',
      configuration: { mirror: 'https://h/f?Signature=s' },
    };
    expect(entryOf(job).drift).toEqual([
      { path: 'configuration.mirror', kind: 'unknown_field', sample: 'https://h/f?[withheld]' },
    ]);
  });

  it.each([
    ['not_an_object', 'text'],
    ['not_an_object', null],
    ['no_name', { displayName: 'x' }],
    ['no_name', { name: 7 }],
    ['name_too_long', { name: 'x'.repeat(300) }],
  ])('rejects what has no usable name as %s', (reason, job) => {
    expect(readOne(job)).toMatchObject({ kind: 'rejected', entry: { reason } });
  });

  it.each([null, [], 'busy', { results: 'none' }, { total: 3 }, { total: 3, results: null }])(
    'refuses to take %j for a list',
    (body) => {
      expect(listing.read(body, stream)).toBeNull();
    },
  );

  it.each([
    [-1, null],
    ['12', 12],
    ['many', null],
    [undefined, null],
  ])('reads total %j as %j', (total, expected) => {
    const body = total === undefined ? { results: [] } : { total, results: [] };
    expect(listing.read(body, stream)?.total).toBe(expected);
  });

  it('reads any JSON as a job without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (configuration, executionDetails) => {
        const job = { name: 'a', configuration, executionDetails } as JsonObject;
        expect(readOne(job).kind).toBe('entry');
      }),
    );
  });

  it('takes a missing project for a wrong configuration, not for a job that is gone', () => {
    const gone = (code: string | undefined, status = 404) => tracking.isGone({ status, code });
    expect([gone('JobNotExist'), gone(undefined), gone('ProjectNotExist'), gone('X', 403)]).toEqual(
      [true, true, false, false],
    );
  });
});
