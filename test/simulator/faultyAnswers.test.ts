import { describe, expect, it } from '@jest/globals';
import type { FaultOptions } from '../../src/simulator/faults.ts';
import { everyFault } from '../../src/simulator/faults.ts';
import type { World } from './world.ts';
import { PROJECT, closeAfterEach, listBody, names, oldJobs, startWorld, verdict } from './world.ts';

closeAfterEach();

const ALWAYS = 1;
const withFaults = (faults: FaultOptions, jobs = 20): Promise<World> =>
  startWorld({ project: { jobs: oldJobs(jobs) }, faults });
const firstRow = async (faults: FaultOptions): Promise<Record<string, unknown>> => {
  const { list } = await withFaults(faults, 1);
  return (JSON.parse((await list()).text) as { results: Record<string, unknown>[] }).results[0]!;
};

describe('instead of an answer', () => {
  it.each([
    [{ throttle: ALWAYS }, '403 ReadQuotaExceed'],
    [{ internalServerError: ALWAYS }, '500 InternalServerError'],
    [{ serverBusy: ALWAYS }, '503 ServerBusy'],
    [{ emptyServerError: ALWAYS }, '500'],
    [{ badGateway: ALWAYS }, '502'],
  ])('%j gives %s', async (faults, expected) => {
    const { list } = await withFaults(faults);
    expect(verdict(await list())).toBe(expected);
  });

  it('an empty 500 has no body, a 502 is HTML, and a 200 can be no JSON', async () => {
    const { list, simulator } = await withFaults({ emptyServerError: ALWAYS });
    const empty = await list();
    simulator.setFaults({ badGateway: ALWAYS });
    const html = await list();
    simulator.setFaults({ notJson: ALWAYS });
    const portal = await list();
    expect([empty.text, html.headers['content-type'], portal.status, portal.text[0]]).toEqual([
      '',
      'text/html',
      200,
      '<',
    ]);
  });

  it.each([{ reset: ALWAYS }, { cutBody: ALWAYS }])('%j breaks the connection', async (faults) => {
    const { list, simulator } = await withFaults(faults);
    await expect(list()).rejects.toThrow(/ECONNRESET|hang up|aborted/);
    expect(Object.keys(simulator.requests()['ListDownloadJobs']!)).toEqual([
      faults.reset === undefined ? 'cut' : 'reset',
    ]);
  });

  it('a reset comes after the deed: the job is gone all the same', async () => {
    const { ask, simulator } = await withFaults({ reset: ALWAYS });
    await expect(ask({ path: '/downloadjobs/job-001', method: 'DELETE' })).rejects.toThrow();
    expect(simulator.project(PROJECT).jobs()).toHaveLength(19);
  });

  it('a refusal is never instead of a signature check', async () => {
    const { ask } = await withFaults({ throttle: ALWAYS });
    const key = { id: 'testAK', secret: 'wrong' };
    expect(verdict(await ask({ path: '/downloadjobs', key }))).toBe('401 SignatureNotMatch');
  });
});

describe('on the way', () => {
  it('headers above 16 KiB still carry the whole answer', async () => {
    const { list } = await withFaults({ hugeHeaders: ALWAYS });
    const answered = await list();
    expect([JSON.stringify(answered.headers).length > 16_384, names(answered).length]).toEqual([
      true,
      10,
    ]);
  });

  it('a late and a trickling answer are late, and whole', async () => {
    const { list } = await withFaults({
      delay: { when: ALWAYS, delayMs: 120 },
      trickle: { when: ALWAYS, durationMs: 200 },
    });
    const begun = performance.now();
    expect(names(await list())).toHaveLength(10);
    expect(performance.now() - begun).toBeGreaterThan(280);
  });
});

describe('a page', () => {
  it('is capped below its size', async () => {
    const { list } = await withFaults({ pageCap: { when: ALWAYS, rows: 3 } });
    expect(names(await list({ size: '10' }))).toEqual(['job-020', 'job-019', 'job-018']);
  });

  it('is empty while the total is right', async () => {
    const { list } = await withFaults({ emptyPage: ALWAYS });
    expect(listBody(await list())).toEqual({ total: 20, count: 0, results: [] });
  });

  it('is short, but never empty', async () => {
    const { list } = await withFaults({ shortPage: ALWAYS });
    const counts = await Promise.all(
      Array.from({ length: 20 }, async () => listBody(await list()).count),
    );
    expect([Math.min(...counts) >= 1, Math.max(...counts) < 10]).toEqual([true, true]);
  });

  it('is the page before once more, whatever is asked', async () => {
    const { list } = await withFaults({ repeatPage: { at: [1] } });
    const pages = [
      await list({ offset: '0', size: '2' }),
      await list({ offset: '2', size: '2' }),
      await list({ offset: '4', size: '2' }),
    ].map(names);
    expect(pages).toEqual([
      ['job-020', 'job-019'],
      ['job-020', 'job-019'],
      ['job-016', 'job-015'],
    ]);
  });

  it('has a row twice, at the cost of its last row', async () => {
    const { list } = await withFaults({ duplicateRow: ALWAYS });
    const read = names(await list({ size: '5' }));
    expect([read.length, new Set(read).size, read.includes('job-016')]).toEqual([5, 4, false]);
  });

  it('tells a wrong total, a random one, or none', async () => {
    const { list, simulator } = await withFaults({ totalOffset: { when: ALWAYS, by: -5 } });
    const totals = [listBody(await list()).total];
    simulator.setFaults({ totalAbsent: ALWAYS });
    totals.push(listBody(await list()).total);
    expect(totals).toEqual([15, undefined]);
    simulator.setFaults({ totalRandom: ALWAYS });
    const random = new Set<number | undefined>();
    for (let n = 0; n < 5; n += 1) random.add(listBody(await list()).total);
    expect(random.size).toBeGreaterThan(1);
  });

  it('moves: new jobs in front, random ones gone, the oldest expired', async () => {
    const { list, simulator } = await withFaults({ insertJobs: { when: { at: [1] }, jobs: 2 } });
    const before = names(await list({ size: '5' }));
    const after = names(await list({ size: '5' }));
    expect(after.slice(2)).toEqual(before.slice(0, 3));
    simulator.setFaults({ deleteJobs: { when: { at: [0] }, jobs: 3 } });
    expect(listBody(await list()).total).toBe(19);
    simulator.setFaults({ expireJobs: { when: { at: [0] }, jobs: 1 } });
    const oldest = simulator.project(PROJECT).jobs().at(-1)?.name;
    await list();
    expect(simulator.project(PROJECT).jobs().at(-1)?.name).not.toBe(oldest);
  });
});

describe('a row', () => {
  it('has unknown fields: whole numbers beyond 2^53 with all digits, and a pre-signed link', async () => {
    const { list } = await withFaults({ unknownFields: ALWAYS }, 1);
    const { text } = await list();
    expect([
      text.includes('"shardCursor":9007199254740993,'),
      text.includes('18446744073709551615'),
      /"previewUrl":"https:[^"]*x-oss-signature=/.test(text),
    ]).toEqual([true, true, true]);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it.each([
    ['unknownStatus', (row: Record<string, unknown>) => row['status'] === 'SUCCEEDED', false],
    ['lowerCaseStatus', (row: Record<string, unknown>) => row['status'] === 'succeeded', true],
    ['absentFields', (row: Record<string, unknown>) => Object.keys(row).length === 7, false],
    ['nameless', (row: Record<string, unknown>) => 'name' in row, false],
    [
      'nulCharacters',
      (row: Record<string, unknown>) => String(row['description']).includes('\u0000'),
      true,
    ],
    [
      'loneSurrogates',
      (row: Record<string, unknown>) => /\p{Surrogate}/u.test(String(row['description'])),
      true,
    ],
    [
      'hugeStrings',
      (row: Record<string, unknown>) => String(row['description']).length === 1_048_576,
      true,
    ],
    [
      'wrongTypes',
      (row: Record<string, unknown>) => /^\d+$/.test(String(row['createTime'])),
      false,
    ],
  ] as const)('carries %s', async (fault, test, expected) => {
    expect(test(await firstRow({ [fault]: ALWAYS }))).toBe(expected);
  });

  it('carries its fault in every answer, when a share of the jobs has it', async () => {
    const { list, ask } = await withFaults({ nameless: 0.4 });
    const nameless = async (): Promise<number[]> =>
      listBody(await list({ size: '20' })).results.flatMap((row, index) =>
        'name' in row ? [] : [index],
      );
    const first = await nameless();
    expect([first.length > 2, first.length < 15, await nameless()]).toEqual([true, true, first]);
    const name = `job-${String(20 - first[0]!).padStart(3, '0')}`;
    expect((await ask({ path: `/downloadjobs/${name}` })).text).not.toContain('"name"');
  });

  it('is the only one struck by a schedule', async () => {
    const { list } = await withFaults({ unknownStatus: { at: [0] } });
    const odd = listBody(await list()).results.filter(
      (row) => row.status !== 'SUCCEEDED' && row.status !== 'ERROR',
    );
    const calm = listBody(await list()).results.filter(
      (row) => row.status !== 'SUCCEEDED' && row.status !== 'ERROR',
    );
    expect([odd.length, calm.length]).toEqual([1, 0]);
  });
});

describe('all faults together', () => {
  it('strike only the APIs that are named', async () => {
    const { list, ask } = await withFaults({ apis: ['GetDownloadJob'], throttle: ALWAYS });
    expect([verdict(await list()), verdict(await ask({ path: '/downloadjobs/job-001' }))]).toEqual([
      '200',
      '403 ReadQuotaExceed',
    ]);
  });

  it('are switched at run time, and counted from 0 again', async () => {
    const { list, simulator } = await withFaults({ throttle: { at: [1] } });
    const seen = [verdict(await list()), verdict(await list())];
    simulator.setFaults({ serverBusy: { at: [0] } });
    seen.push(verdict(await list()), verdict(await list()));
    expect(seen).toEqual(['200', '403 ReadQuotaExceed', '503 ServerBusy', '200']);
  });

  it('give the same answers to the same requests under one seed, and others under another', async () => {
    const transcript = async (seed: number): Promise<string> => {
      const { list, ask, clock, simulator } = await startWorld({
        seed,
        project: {
          jobs: oldJobs(30),
          churn: { createsPerSecond: 0.5, deletesPerSecond: 0.25 },
        },
        // Without delays, which would only cost time, and with huge strings in no row.
        faults: {
          ...everyFault(0.1),
          delay: { when: 0, delayMs: 0 },
          trickle: { when: 0, durationMs: 0 },
          hugeStrings: 0,
        },
      });
      const answers: string[] = [];
      for (let n = 0; n < 40; n += 1) {
        clock.nowMs += 500;
        const answered = await (
          n % 4 === 3
            ? ask({ path: `/downloadjobs/job-0${10 + (n % 20)}` })
            : list({ offset: String(n % 25), size: '7' })
        ).catch((error: unknown) => ({ status: 0, headers: {}, text: (error as Error).name }));
        answers.push(JSON.stringify([answered.status, answered.headers, answered.text]));
      }
      return answers.join('\n').replaceAll(`127.0.0.1:${simulator.port}`, 'here');
    };
    const first = await transcript(5);
    expect(await transcript(5)).toBe(first);
    expect(await transcript(6)).not.toBe(first);
  });
});
