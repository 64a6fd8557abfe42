import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exported } from '../../../src/simulator/sls/exportQuery.ts';
import type { World } from '../world.ts';
import { PROJECT, START_MS, closeAfterEach, startWorld, verdict } from '../world.ts';
import type { Answered } from '../signedRequest.ts';
import { ROWS, detailsOf, fetched } from './fetched.ts';

closeAfterEach();

const FROM_S = 1_795_000_000;
const LOGS = {
  app_log: { rows: ROWS.map(({ __time__, ...fields }) => ({ timeS: Number(__time__), fields })) },
};
const LIFECYCLE = { startMs: [0, 0], runMs: [1000, 1000], failShare: 0 } as const;

function create(world: World, changed: object = {}, name = 'ordered'): Promise<Answered> {
  const sink = { type: 'AliyunOSS', contentType: 'json', compressionType: 'none' };
  const configuration = { logstore: 'app_log', fromTime: FROM_S, toTime: FROM_S + 300, query: '*' };
  return world.ask({
    path: '/downloadjobs',
    method: 'POST',
    body: JSON.stringify({
      name,
      displayName: name,
      configuration: { ...configuration, allowInComplete: false, sink, ...changed },
    }),
  });
}

const startLogs = (more: object = {}): Promise<World> =>
  startWorld({ project: { logs: LOGS, lifecycle: LIFECYCLE, ...more } });

describe('a job that was ordered', () => {
  it('has the entries of its Logstore and range in its file, once it has SUCCEEDED', async () => {
    const world = await startLogs();
    await create(world, { fromTime: FROM_S + 100, toTime: FROM_S + 200 });
    world.clock.nowMs += 1000;
    const { filePath = '', logCount } = await detailsOf(world, 'ordered');
    const lines = (await fetched(filePath)).bytes.toString('utf8').split('\n').slice(0, -1);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(ROWS.slice(100, 200));
    expect(logCount).toBe(100);
  });

  it('has what its query selects, and nothing that came later', async () => {
    const world = await startLogs();
    await create(world, { query: 'level: ERROR' });
    const late = { timeS: FROM_S, fields: { level: 'ERROR', message: 'late' } };
    world.simulator.logs(PROJECT, 'app_log').insert([late]);
    const file = world.simulator.project(PROJECT).file('ordered');
    expect(file?.rows).toEqual(ROWS.filter(({ level }) => level === 'ERROR'));
  });

  it('of a Logstore without entries has an empty file, and one that ends in ERROR has none', async () => {
    const world = await startLogs();
    await create(world, { logstore: 'other' });
    const failing = await startLogs({ lifecycle: { ...LIFECYCLE, failShare: 1 } });
    await create(failing);
    expect(world.simulator.project(PROJECT).file('ordered')?.bytes).toHaveLength(0);
    expect(failing.simulator.project(PROJECT).file('ordered')).toBeNull();
  });

  it('holds the made-up entries of its range too', async () => {
    const made = { fromS: FROM_S, toS: FROM_S + 1000, perSecond: 4 };
    const world = await startLogs({ logs: { app_log: { made } } });
    await create(world, { toTime: FROM_S + 10, query: '* | select level, service' });
    const rows = world.simulator.project(PROJECT).file('ordered')?.rows ?? [];
    expect([rows.length, Object.keys(rows[0] ?? {})]).toEqual([40, ['level', 'service']]);
  });
});

describe('the count of orders', () => {
  it('counts each job that was made, also when its answer was lost, and no refused one', async () => {
    const world = await startLogs();
    world.simulator.setFaults({ reset: { at: [0] }, throttle: { at: [1] } });
    await expect(create(world, {}, 'lost')).rejects.toThrow();
    const verdicts = [
      verdict(await create(world, {}, 'throttled')),
      verdict(await create(world, {}, 'lost')),
      verdict(await create(world, {}, 'fine')),
    ];
    expect(verdicts).toEqual(['403 ReadQuotaExceed', '400 IdempotentParameterMismatch', '200']);
    expect(world.simulator.project(PROJECT).created()).toBe(2);
  });

  it('leaves the code for a name that is taken to the test', async () => {
    const jobExists = { status: 409, errorCode: 'JobAlreadyExist' };
    const world = await startLogs({ jobExists });
    await create(world);
    expect(verdict(await create(world))).toBe('409 JobAlreadyExist');
  });
});

describe('the query of a job', () => {
  const rows = [
    { __time__: String(START_MS / 1000), level: 'ERROR', service: 'a b' },
    { __time__: String(START_MS / 1000), level: 'INFO', service: 'c' },
    { __time__: String(START_MS / 1000), level: 'ERROR', service: 'c' },
  ] as const;
  const [first, second, third] = rows;

  it.each([
    ['*', rows],
    ['', rows],
    ['level: ERROR', [first, third]],
    ['level:ERROR and service: "a b"', [first]],
    ['* and level: INFO', [second]],
    ['level: ERROR | select service', [{ service: 'a b' }, { service: 'c' }]],
    ["* | select * from log where service = 'c' limit 1", [second]],
    [
      '* | SELECT level, count(*) as n GROUP BY level',
      [
        { level: 'ERROR', n: '2' },
        { level: 'INFO', n: '1' },
      ],
    ],
  ])('%j selects what it says', (query, expected) => {
    expect([...exported(query, rows)]).toEqual(expected);
  });

  it.each([
    'ERROR or INFO',
    'level: E*',
    'not level: INFO',
    '* | select percentile(x, 0.5) order by y',
  ])('%j cannot be read, and selects everything', (query) => {
    expect([...exported(query, rows)]).toEqual(rows);
  });

  it('never fails, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (query) => {
        expect([...exported(query, rows)].length).toBeLessThanOrEqual(rows.length);
      }),
    );
  });
});
