import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/domain/json.ts';
import { sources } from '../../src/sources/registry.ts';
import { slsDownloadJobs } from '../../src/sources/slsDownloadJobs.ts';
import { newOrder } from '../engine/orderKit.ts';

const stream = slsDownloadJobs.streamSchema.parse({ project: 'ali-test-project' });
const { ordering, tracking } = slsDownloadJobs;
if (ordering === undefined) throw new Error('the source takes no orders');

function differences(job: JsonValue, order = newOrder()): readonly string[] {
  const reading = tracking.read(job, stream);
  if (reading.kind !== 'entry') throw new Error('the job was rejected');
  return ordering?.differences(reading.entry, order) ?? [];
}

const own = {
  logstore: 'app_log',
  query: 'level:  ERROR ',
  fromTime: 1_793_491_200,
  toTime: 1_793_577_600,
};

describe('CreateDownloadJob', () => {
  it('is asked as the API page says, the project apart from the body', () => {
    const request = ordering.request(stream, newOrder());
    expect(request).toEqual({
      ...{ product: 'sls', api: 'CreateDownloadJob', method: 'POST', path: '/downloadjobs' },
      ...{ query: {}, project: 'ali-test-project', body: expect.any(String) },
    });
    expect(JSON.parse(request.body ?? '')).toEqual({
      ...{ name: 'first', displayName: 'first', description: 'by a test' },
      configuration: {
        ...{ logstore: 'app_log', query: 'level: ERROR', powerSql: false },
        ...{ allowInComplete: false, fromTime: 1_793_491_200, toTime: 1_793_577_600 },
        sink: { type: 'AliyunOSS', contentType: 'csv', compressionType: 'gzip' },
      },
    });
  });

  it('takes the job that it created for its own, whatever blanks the service has put into the query', () => {
    expect(differences({ name: 'first', configuration: own })).toEqual([]);
  });

  it('says nothing of what an answer leaves out', () => {
    expect(differences({ name: 'first' })).toEqual([]);
  });

  it.each([
    ['logstore', { logstore: 'other' }],
    ['query', { query: 'level: WARN' }],
    ['from', { fromTime: 1 }],
    ['to', { toTime: 2_000_000_000 }],
  ])('tells a job with another %s from its own', (name, other) => {
    expect(differences({ name: 'first', configuration: { ...own, ...other } })).toEqual([name]);
  });

  it('is what one source takes, and whoever takes orders has a status with which they succeed', () => {
    const able = sources.flatMap((source) =>
      'ordering' in source ? [[source.id, source.ordering.succeeded]] : [],
    );
    expect(able).toEqual([['aliyun.sls.download_jobs', 'SUCCEEDED']]);
    expect(tracking.terminal.has('SUCCEEDED')).toBe(true);
  });
});
