import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSubJobId, subJobIdsIn } from '../../src/domain/subJobIds.ts';
import { codeartsLogFiles as source } from '../../src/sources/codeartsLogFiles.ts';

const id = 'a777ff00d3cf4d369d87066806aexxxx';
const settings = (given: object) => source.streamSchema.parse(given);

describe('the settings of a stream', () => {
  it('take the id of the API page', () => {
    expect(settings({ subJobIds: [id] })).toMatchObject({ subJobIds: [id] });
  });

  it.each([
    { subJobIds: ['too-short'] },
    { subJobIds: [`${id},${id}`] },
    { utcOffset: 'Asia/Shanghai' },
    { recheckMin: '10ms' },
    { limits: { ratio: 5 } },
    { discover: { projects: [] } },
  ])('refuse %j', (given) => {
    expect(source.streamSchema.safeParse(given).success).toBe(false);
  });

  it('never rest less than the shortest rest', () => {
    const stream = settings({ recheckMin: '2h', recheckMax: '1h' });
    expect(source.recheck(stream)).toEqual({ minMs: 7_200_000, maxMs: 7_200_000 });
  });
});

describe('the request', () => {
  it('is the example of the API page', () => {
    expect(source.request(settings({}), id)).toEqual({
      perSecondMax: 2,
      ...{ product: 'codearts_check', api: 'DownloadLog', method: 'GET', path: '/v1/log-file' },
      query: { sub_job_id: id },
    });
  });
});

describe('a refusal', () => {
  it.each([
    [{ status: 400, code: 'CC.00070400.400' }, true],
    [{ status: 200, code: 'CC.00070400.400' }, true],
    [{ status: 404, code: undefined }, true],
    [{ status: 404, code: 'APIGW.0101' }, false],
    [{ status: 403, code: 'APIGW.0302' }, false],
    [{ status: 500, code: 'CC.00070400.500' }, false],
  ])('%j is about the id alone: %p', (refusal, isOfId) => {
    expect(source.isKeyRefused(refusal)).toBe(isOfId);
  });
});

describe('a row', () => {
  const line = {
    ...{ entryNumber: 2, entryName: 'a/b.log', lineNumber: 7, cutBytes: 0 },
    text: '2026-11-22 13:19:07,123 [main] ERROR c.h.Scanner - no',
  };

  it('holds what the line says of itself', () => {
    const at = Date.parse('2026-11-22T05:19:07.123Z');
    expect(source.rows(settings({ utcOffset: '+08:00' }))(line)).toEqual([
      ...[2, '7', 'a/b.log', at, 'ERROR', null, line.text],
    ]);
    expect(source.rows(settings({}))({ ...line, cutBytes: 5 })).toEqual([
      ...[2, '7', 'a/b.log', null, 'ERROR', '5', line.text],
    ]);
  });
});

describe('a file', () => {
  const fileOf = (disposition: string) =>
    source.file({ headers: { 'content-disposition': disposition }, entries: [], origin: null })
      .columns['file_name'];

  it.each([
    ['attachment; filename="log.zip"', 'log.zip'],
    ['attachment; filename=log.zip; size=1', 'log.zip'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['attachment; filename="C:\\x\\log.zip"', 'log.zip'],
    ['attachment; filename=".."', null],
    ['attachment', null],
  ])('is named by %j as %p', (disposition, name) => {
    expect(fileOf(disposition)).toBe(name);
  });

  it('keeps its entries, and what led to it', () => {
    const entries = [{ number: 1, name: 'a.log', bytes: 3, lines: 1 }];
    expect(source.file({ headers: {}, entries, origin: { job: 1 } })).toEqual({
      columns: { file_name: null, entries: 1 },
      raw: { entries, discovered_from: { job: 1 } },
    });
  });
});

describe('discovery', () => {
  const { tasks, jobs } = source.discovery;

  it('asks for pages by number, whatever the parameter is called', () => {
    expect(tasks.request(settings({}), 'p', 3)).toMatchObject({
      ...{ path: '/v2/p/tasks', query: { offset: '3', limit: '100' } },
    });
    expect(jobs.request(settings({}), 't', 2)).toMatchObject({
      ...{ path: '/v4/tasks/t/jobs', query: { page: '2', page_size: '200' } },
    });
  });

  it.each([null, 'text', 1, [], {}, { tasks: {} }, { result: {} }])(
    'takes %j for no list',
    (body) => {
      expect(tasks.read(body)).toBeNull();
      if (!Array.isArray(body)) expect(jobs.read(body)).toBeNull();
    },
  );

  it.each([
    [{ result: { jobs: [{ job_id: 'x', sub_job_ids: [id] }], total: 1 } }],
    [{ items: [{ id: 'x', detail: { subJobs: [{ id, name: 'c'.repeat(32) }] } }] }],
    [{ result: [{ sub_job_id: id }] }],
    [[{ subTaskList: `${id} ` }]],
  ])('finds the ids in %j', (body) => {
    expect(jobs.read(body)?.items.flatMap(({ keys }) => keys)).toEqual([id]);
  });

  it('guesses the id of an execution that names no sub-job', () => {
    const [item] = jobs.read({ jobs: [{ job_id: id, status: 'success' }] })?.items ?? [];
    expect(item).toMatchObject({ keys: [], guess: id, isOver: true });
  });

  it.each(['quering', 'running', 'RUNNING', 'executing'])('takes %s for not over', (status) => {
    const [item] = jobs.read({ jobs: [{ job_id: id, status }] })?.items ?? [];
    expect(item?.isOver).toBe(false);
  });

  it('finds only what can be an id, in whatever it is shown', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const found = subJobIdsIn({ sub_job_ids: value as never });
        expect(found.every(isSubJobId)).toBe(true);
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });
});
