import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  PROJECT,
  closeAfterEach,
  listBody,
  names,
  oldJobs,
  startWorld,
  verdict,
} from '../world.ts';

closeAfterEach();

describe('ListDownloadJobs without faults', () => {
  it.each(['newest-first', 'oldest-first', 'by-name'] as const)(
    'gives exactly the list, %s, whatever page size it is read with',
    async (order) => {
      const { simulator, list } = await startWorld({
        project: { jobs: oldJobs(83), order, pageSizeMax: 50 },
      });
      const truth = simulator.project(PROJECT).jobs();
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 120 }), async (size) => {
          const read: unknown[] = [];
          for (let more = true; more;) {
            const body = listBody(await list({ offset: String(read.length), size: String(size) }));
            read.push(...body.results);
            more = body.count > 0;
          }
          const unlinked = (rows: readonly unknown[]): string =>
            JSON.stringify(rows).replaceAll(/Signature=[^"]+/g, 'Signature=');
          expect(unlinked(read)).toBe(unlinked(truth));
        }),
        { numRuns: 25 },
      );
    },
    30_000,
  );

  it('lists the newest job first unless told otherwise', async () => {
    const { list } = await startWorld({ project: { jobs: oldJobs(3) } });
    expect(names(await list())).toEqual(['job-003', 'job-002', 'job-001']);
  });

  it('answers 10 rows when no size is asked, and caps a large size without a word', async () => {
    const { list } = await startWorld({ project: { jobs: oldJobs(30), pageSizeMax: 20 } });
    const plain = listBody(await list());
    const large = listBody(await list({ size: '500' }));
    expect([plain.count, plain.results.length, plain.total, large.count, large.total]).toEqual([
      10, 10, 30, 20, 30,
    ]);
  });

  it('answers an empty page with the right total behind the end', async () => {
    const { list } = await startWorld({ project: { jobs: oldJobs(3) } });
    expect(listBody(await list({ offset: '3' }))).toEqual({ total: 3, count: 0, results: [] });
  });

  it('lists one logstore alone, with its own total and offsets', async () => {
    const jobs = oldJobs(6).map((job, index) => ({
      ...job,
      logstore: index % 2 === 0 ? 'even' : 'odd',
    }));
    const { list } = await startWorld({ project: { jobs } });
    const answered = await list({ logstore: 'even', offset: '1', size: '5' });
    expect([listBody(answered).total, names(answered)]).toEqual([3, ['job-003', 'job-001']]);
  });

  it.each([{ offset: '-1' }, { offset: 'x' }, { size: '0' }, { size: '1.5' }, { size: '' }])(
    'refuses %j',
    async (query) => {
      const { list } = await startWorld();
      expect(verdict(await list(query))).toBe('400 ParameterInvalid');
    },
  );

  it('has every field of the API page on a finished job, in the types the page gives', async () => {
    const [job] = oldJobs(1);
    const { list } = await startWorld({
      project: {
        jobs: [
          {
            ...job!,
            displayName: 'download 123',
            description: 'a download job',
            query: '* | select *',
            fromTime: 1722409260,
            toTime: 1722411060,
            powerSql: true,
            ending: { status: 'SUCCEEDED', fileBytes: 123456, logCount: 123 },
          },
        ],
      },
    });
    const [row] = listBody(await list()).results;
    expect(row).toEqual({
      description: 'a download job',
      configuration: {
        logstore: 'app_log',
        fromTime: 1722409260,
        toTime: 1722411060,
        query: '* | select *',
        powerSql: true,
        allowInComplete: 'false',
        sink: {
          compressionType: 'gzip',
          contentType: 'csv',
          roleArn: 'acs:ram::123456:role/aliyunlogimportossrole',
          bucket: 'simulated-exports',
          prefix: 'download/',
          type: 'AliyunOSS',
        },
      },
      displayName: 'download 123',
      executionDetails: {
        progress: 100,
        filePath: expect.stringMatching(
          /^http:\/\/127\.0\.0\.1:\d+\/simulated-exports\/big-game\/job-001\.csv\.gzip\?Expires=\d+&.*&Signature=.+/,
        ),
        fileSize: 123456,
        executeTime: 1,
        logCount: 123,
        checkSum: expect.stringMatching(/^[0-9A-F]{32}$/),
        notice: '',
      },
      name: 'job-001',
      createTime: '1795348800',
      status: 'SUCCEEDED',
    });
  });

  it('gives a finished job another link in every answer, valid for an hour', async () => {
    const { list, clock } = await startWorld({ project: { jobs: oldJobs(2) } });
    const links = [...listBody(await list()).results, ...listBody(await list()).results].map(
      (row) => row.executionDetails.filePath,
    );
    expect(new Set(links).size).toBe(4);
    expect(links[0]).toContain(`Expires=${clock.nowMs / 1000 + 3600}&`);
  });

  it('shows text as it is: quotes, backslashes, line ends, Chinese, and what looks like a link', async () => {
    const description = 'a "filePath":"https://x?y" \\ \n 对局 \u2028';
    const { list } = await startWorld({ project: { jobs: [{ ...oldJobs(1)[0]!, description }] } });
    expect(listBody(await list()).results[0]?.description).toBe(description);
  });
});
