import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { gapsIn } from '../../src/engine/windowGaps.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { parseJson } from '../../src/http/json.ts';
import { jsonRows } from '../../src/http/jsonRows.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { LogRow, LogstoreOptions } from '../../src/simulator/sls/logs.ts';
import { openMemorySink, type MemorySink } from '../../src/sinks/memory.ts';
import { fakeClock } from './engineKit.ts';
import {
  logStream,
  noonS,
  openLogCloud,
  textOf,
  truthOf,
  walkLogs,
  type LogCloud,
} from './logCloud.ts';

let sink: MemorySink;
let logs: LogCloud | undefined;
beforeEach(() => {
  sink = openMemorySink();
});
afterEach(async () => {
  await logs?.close();
  logs = undefined;
});

async function open(options: LogstoreOptions, settings: object = {}, secret?: string) {
  logs = await openLogCloud(options, secret === undefined ? {} : { accessKeySecret: secret });
  const stream = await logStream(sink, logs.api, settings);
  return { ...logs, sink, stream };
}

const row = (agoS: number, message: string, lateS = 0): LogRow => ({
  timeS: noonS - agoS,
  arrivedAtMs: (noonS - agoS + lateS) * 1_000,
  fields: { __source__: '10.0.0.1', __topic__: 'app', message },
});

function stored(streamId: string) {
  return [...sink.contents.entries.values()].filter((entry) => entry.streamId === streamId);
}

const contentsOf = (streamId: string) =>
  stored(streamId)
    .map(({ row: { document } }) => textOf(JSON.parse(document) as object))
    .sort();

const range = { fromMs: (noonS - 3_600) * 1_000, toMs: (noonS - 1_800) * 1_000 };

describe('a walk over logs', () => {
  it('stores twins as two rows, and finds a late one in the lookback', async () => {
    const rows = [row(30, 'a'), row(30, 'a'), row(90, 'b', 60), row(400, 'c')];
    const world = await open({ rows });
    world.clock.advance(-40_000);
    const first = await walkLogs(world);
    expect(first).toMatchObject({ kind: 'complete', counts: { inserted: 1 } });
    world.clock.advance(100_000);
    const second = await walkLogs(world);
    expect(second).toMatchObject({ kind: 'complete', counts: { inserted: 3 } });
    expect(contentsOf(world.stream.streamId)).toEqual(truthOf(rows));
    const occurrences = stored(world.stream.streamId).map((entry) => entry.row.values[3]);
    expect(occurrences.sort()).toEqual([1, 1, 1, 2]);
  });

  it('keeps a second that is never complete as a gap, reads on behind it, and closes it when it is complete', async () => {
    const rows = Array.from({ length: 60 }, (_, index) => row(index * 5 + 1, `m${index}`));
    const world = await open({ rows, stuckShare: 0.02 }, { repeat: { tries: 2, wait: '0s' } });
    const first = await walkLogs(world);
    expect(first).toMatchObject({ kind: 'incomplete', reason: 'window_incomplete' });
    const { streamId } = world.stream;
    const gaps = gapsIn(await sink.partitionStates(streamId));
    expect(gaps.length).toBeGreaterThan(0);
    const [status] = await sink.streamStatuses({ tables: new Map() });
    expect(status?.highWaterAtMs).toBe(gaps[0]?.fromMs);
    expect(status?.lastCompleteWalkAtMs).toBeNull();
    const inGap = ({ timeS }: LogRow) =>
      gaps.some(({ fromMs, toMs }) => timeS * 1_000 >= fromMs && timeS * 1_000 < toMs);
    const kept = contentsOf(streamId);
    expect(kept).toEqual(expect.arrayContaining([...truthOf(rows.filter((one) => !inGap(one)))]));
    if ('counts' in first) expect(first.counts.repeats).toBeGreaterThan(0);

    // At rest: not asked for, and owned up to all the same.
    expect(await walkLogs(world)).toMatchObject({ kind: 'incomplete' });
    world.cloud.logs(SCENARIO_PROJECT, 'app_log').setCompleteness({});
    world.clock.advance(600_000);
    expect(await walkLogs(world)).toMatchObject({ kind: 'complete' });
    expect(contentsOf(streamId)).toEqual(truthOf(rows));
  });

  it('stops asking after its tries and its time, and says what it cost', async () => {
    const rows = [row(30, 'a')];
    const settings = {
      start: '2026-11-23T11:59:00Z',
      repeat: { tries: 4, wait: '1s', time: '10s' },
    };
    const world = await open({ rows, incompleteShare: 1 }, settings);
    const began = world.clock.nowMs();
    const walk = await walkLogs(world);
    expect(walk).toMatchObject({ kind: 'incomplete', reason: 'window_incomplete' });
    expect(world.clock.nowMs() - began).toBeLessThan(30_000);
    if (!('counts' in walk)) throw new Error('no counts');
    expect(walk.counts.repeats).toBeGreaterThan(0);
    expect(walk.counts.requests).toBeLessThan(20);
    expect(world.cloud.requests()['GetProjectLogs']?.['200']).toBe(walk.counts.requests);
  });

  it('owns up to more rows in one second than an answer may have', async () => {
    const rows = Array.from({ length: 5 }, (_, index) => row(10, `m${index}`));
    const world = await open({ rows }, { limit: 3 });
    expect(await walkLogs(world)).toMatchObject({ kind: 'incomplete', reason: 'limit_filled' });
    expect(gapsIn(await sink.partitionStates(world.stream.streamId))).toMatchObject([
      { fromMs: (noonS - 10) * 1_000, toMs: (noonS - 9) * 1_000, reason: 'limit_filled' },
    ]);
    expect(stored(world.stream.streamId)).toHaveLength(3);
  });

  it('stores the figures of a window once, and marks those that a later reading replaces', async () => {
    const rows = [row(70, 'a'), row(80, 'a'), row(75, 'b', 60)];
    const query =
      'SELECT message, count(*) AS c FROM app_log WHERE __time__ >= :from AND __time__ < :to GROUP BY message';
    const world = await open({ rows }, { query, start: '2026-11-23T11:58:00Z' });
    const { streamId } = world.stream;
    world.clock.advance(-20_000);
    await walkLogs(world);
    expect(contentsOf(streamId)).toEqual([textOf({ message: 'a', c: '2' })]);
    world.cloud.logs(SCENARIO_PROJECT, 'app_log').insert([row(65, 'a', 50)]);
    world.clock.advance(30_000);
    await walkLogs(world);
    const current = stored(streamId).filter(({ supersededAtMs }) => supersededAtMs === null);
    expect(current.map(({ row: { document } }) => parseJson(document)).sort()).toEqual(
      expect.arrayContaining([
        { message: 'a', c: '3' },
        { message: 'b', c: '1' },
      ]),
    );
    expect(stored(streamId)).toHaveLength(3);
    const [first] = stored(streamId);
    expect(first?.row.loggedAtMs).toBe((noonS - 120) * 1_000);
  });

  it('stores the example of the API page field by field', async () => {
    const body = readFileSync(new URL('../fixtures/sls-get-project-logs.json', import.meta.url));
    const api: CloudApi = {
      call: () => Promise.reject(new Error('not asked')),
      stream: (_request, consume) =>
        consume({
          headers: {
            ...{ 'x-log-progress': 'Complete', 'x-log-count': '10000' },
            'x-log-processed-rows': '10000',
          },
          body: piecesOf(body),
          rows: () => jsonRows(piecesOf(body)),
        }),
    };
    const clock = fakeClock(1_409_529_720_000);
    const stream = await logStream(sink, api, { start: '2014-09-01T00:00:00Z', window: '1h' });
    const walk = await walkLogs({ clock, sink, stream });
    expect(walk).toMatchObject({
      ...{ kind: 'complete', counts: { inserted: 2, reportedRows: 10_000, processedRows: 10_000 } },
    });
    expect(
      stored(stream.streamId).map(({ row: { values, document } }) => [values, parseJson(document)]),
    ).toEqual([
      [
        [1_409_529_660_000, '', null, 1, null],
        { __time__: 1_409_529_660, __source__: '', Key1: 'error', Key2: 'Value2' },
      ],
      [
        [1_409_529_680_000, '', null, 1, null],
        { __time__: 1_409_529_680, __source__: '', Key3: 'error', Key4: 'Value4' },
      ],
    ]);
    expect([...sink.contents.drift.values()]).toMatchObject([
      { path: 'x-log-count', sample: '10000 reported, 2 received' },
    ]);
  });
});

async function* piecesOf(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield body;
}

describe('a backfill', () => {
  it('reads its range beside the live walk, whose position stays as it is', async () => {
    const rows = [row(2_000, 'old'), row(3_600, 'first'), row(1_800, 'behind'), row(30, 'new')];
    const world = await open({ rows });
    await walkLogs(world);
    const { streamId } = world.stream;
    const before = await sink.partitionStates(streamId);
    const status = await sink.streamStatuses({ tables: new Map() });
    world.clock.advance(60_000);
    const filled = await walkLogs(world, { backfill: range });
    expect(filled).toMatchObject({ kind: 'complete', counts: { inserted: 2 } });
    const after = await sink.partitionStates(streamId);
    expect(after.get('windows')).toEqual(before.get('windows'));
    const now = await sink.streamStatuses({ tables: new Map() });
    expect(now[0]).toMatchObject({
      highWaterAtMs: status[0]?.highWaterAtMs,
      lastCompleteWalkAtMs: status[0]?.lastCompleteWalkAtMs,
    });
    expect(contentsOf(streamId)).toEqual(
      truthOf(rows.filter((one) => one.timeS !== noonS - 1_800)),
    );
  });

  it('goes on where one that was cut off got to, and asks nothing when it is done', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => row(1_801 + index * 60, `m${index}`));
    const world = await open({ rows }, { concurrency: 1 });
    let left = 12;
    const cut: CloudApi = {
      ...world.api,
      stream: (request, consume, signal) => {
        left -= 1;
        if (left < 0) throw new Error('killed');
        return world.api.stream(request, consume, signal);
      },
    };
    const stream = { ...world.stream, api: cut };
    await expect(walkLogs({ ...world, stream }, { backfill: range })).rejects.toThrow('killed');
    expect(stored(stream.streamId)).toHaveLength(12);
    const asked = () => world.cloud.requests()['GetProjectLogs']?.['200'] ?? 0;
    const before = asked();
    expect(await walkLogs(world, { backfill: range })).toMatchObject({ kind: 'complete' });
    expect(asked() - before).toBe(18);
    expect(contentsOf(stream.streamId)).toEqual(truthOf(rows));
    await walkLogs(world, { backfill: range });
    expect(asked() - before).toBe(18);
  });
});

describe('what is wrong with a stream of logs is one clear message:', () => {
  it.each([
    ['the key', {}, 'wrong-secret', /SignatureNotMatch.*check the access key secret/],
    [
      'the Logstore',
      { logstore: 'nowhere' },
      undefined,
      /LogStoreNotExist.*check the logstore name/,
    ],
    ['the project', { project: 'nowhere' }, undefined, /ProjectNotExist.*check the project name/],
    ['the SQL', { where: 'level LIKE 1 2' }, undefined, /ParameterInvalid/],
    [
      'a query without a time that is said to be of logs',
      {
        query: 'SELECT message FROM app_log WHERE __time__ >= :from AND __time__ < :to',
        aggregate: false,
      },
      undefined,
      /no column __time__; select __time__ as it is, or set aggregate: true/,
    ],
  ])('%s', async (_what, settings, secret, message) => {
    const world = await open({ rows: [row(30, 'a')] }, { ...settings, concurrency: 1 }, secret);
    await expect(walkLogs(world, { attempts: 1 })).rejects.toThrow(message);
    const asked = Object.values(world.cloud.requests()).flatMap((counts) => Object.values(counts));
    expect(asked.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(10);
    const [status] = await sink.streamStatuses({ tables: new Map() });
    expect(status?.lastWalk).toMatchObject({
      outcome: 'failed',
      error: expect.stringMatching(message),
    });
  });
});
