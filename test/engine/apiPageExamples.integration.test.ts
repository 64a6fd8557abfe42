import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StreamRuntime } from '../../src/engine/ports.ts';
import { walkStream } from '../../src/engine/walkStream.ts';
import { isJsonObject, type JsonObject } from '../../src/domain/json.ts';
import { parseJson } from '../../src/http/json.ts';
import { jsonRows } from '../../src/http/jsonRows.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { sourceOf } from '../../src/sources/registry.ts';
import { openTestSink, type TestSink } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';
import { answeringApi, engineDeps, fakeClock, walkDeps } from './engineKit.ts';

let store: TestSink;
beforeAll(async () => {
  store = await openTestSink();
});
afterAll(() => store.drop());

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url));
}

function example(name: string): JsonObject {
  const body = parseJson(fixture(name).toString('utf8'));
  if (!isJsonObject(body)) throw new TypeError(`${name} is no object`);
  return body;
}

/** Walks a stream of this source over the API, into the database. */
async function walk(
  id: string,
  given: { readonly settings: object; readonly api: CloudApi; readonly nowMs: number },
): Promise<string> {
  const source = sourceOf(id);
  if (source === undefined) throw new Error(`no source ${id}`);
  const identity = { name: id, source: id, account: 'prod' };
  const streamId = (await store.sink.registerStreams([identity], given.nowMs)).get(id) ?? '';
  const stream: StreamRuntime = {
    ...identity,
    ...{ streamId, source, api: given.api, settings: source.streamSchema.parse(given.settings) },
    track: { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 60_000 },
  };
  const deps = walkDeps(engineDeps(store.sink, { clock: fakeClock(given.nowMs) }));
  const run = { stream, runId: 'example', attempt: { number: 1, of: 1 } };
  const { kind } = await walkStream(deps, run, new AbortController().signal);
  return kind;
}

async function* piecesOf(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield body;
}

describe('the example of the API page, walked and read back from the database', () => {
  it('of ListDeliveryHistoryJobs', async () => {
    const list = example('actiontrail-list-delivery-history-jobs');
    const api = answeringApi(({ query }) => ({
      ...list,
      PageNumber: Number(query['PageNumber']),
      PageSize: Number(query['PageSize']),
      DeliveryHistoryJobs: query['PageNumber'] === '1' ? (list['DeliveryHistoryJobs'] ?? []) : [],
    }));
    const nowMs = Date.parse('2021-04-27T00:00:00Z');
    expect(
      await walk('aliyun.actiontrail.delivery_history_jobs', { settings: {}, api, nowMs }),
    ).toBe('complete');
    expect(
      await rows(
        store.url,
        `select job_id::text, trail_name, home_region, status, start_time, end_time, created_at, updated_at, raw
         from delivery_history_jobs`,
      ),
    ).toEqual([
      {
        job_id: '16602',
        trail_name: 'trail-name',
        home_region: 'cn-hangzhou',
        status: 'COMPLETE',
        start_time: new Date('2021-01-26T03:17:04Z'),
        end_time: new Date('2021-04-26T03:22:04Z'),
        created_at: new Date('2021-04-26T03:17:04Z'),
        updated_at: new Date('2021-04-26T03:20:08Z'),
        raw: { JobStatus: 2 },
      },
    ]);
  });

  it('of ListExecutionLogs', async () => {
    // The only page here, so it is the last one.
    const last = { ...example('oos-list-execution-logs'), NextToken: null, IsTruncated: false };
    const executions = {
      Executions: [{ ExecutionId: 'exec-xxx', Status: 'Running' }],
      MaxResults: 50,
      RequestId: '14A07460-EBE7-47CA-9757-12CC4761D47A',
    };
    const api = answeringApi(({ api: name }) => (name === 'ListExecutions' ? executions : last));
    const settings = { executions: ['exec-xxx'] };
    const nowMs = Date.parse('2019-05-24T03:00:00Z');
    expect(await walk('aliyun.oos.execution_logs', { settings, api, nowMs })).toBe('complete');
    expect(
      await rows(
        store.url,
        `select execution_id, task_execution_id, log_type, message, logged_at, timestamp_text, occurrence, raw
         from execution_logs`,
      ),
    ).toEqual([
      {
        execution_id: 'exec-xxx',
        task_execution_id: 'exec-1234567zxcvb.t0010',
        log_type: 'System',
        message: 'The task CheckDiskCategory completed.',
        logged_at: new Date('2019-05-24T02:29:07Z'),
        timestamp_text: '2019-05-24T:02:29:07Z',
        occurrence: 1,
        raw: { LogType: ' System' },
      },
    ]);
  });

  it('of GetProjectLogs', async () => {
    const body = fixture('sls-get-project-logs');
    const api: CloudApi = {
      call: () => Promise.reject(new Error('not asked')),
      stream: (_request, consume) =>
        consume({
          headers: { 'x-log-progress': 'Complete', 'x-log-count': '10000' },
          body: piecesOf(body),
          rows: () => jsonRows(piecesOf(body)),
        }),
    };
    const settings = {
      ...{ project: 'big-game', logstore: 'app_log' },
      ...{ start: '2014-09-01T00:00:00Z', window: '1h', settle: '0s' },
    };
    const nowMs = 1_409_529_720_000;
    expect(await walk('aliyun.sls.project_logs', { settings, api, nowMs })).toBe('complete');
    expect(
      await rows(
        store.url,
        'select logged_at, source, topic, occurrence, content from project_logs order by logged_at',
      ),
    ).toEqual([
      {
        logged_at: new Date(1_409_529_660_000),
        ...{ source: '', topic: null, occurrence: 1 },
        content: { __time__: 1_409_529_660, __source__: '', Key1: 'error', Key2: 'Value2' },
      },
      {
        logged_at: new Date(1_409_529_680_000),
        ...{ source: '', topic: null, occurrence: 1 },
        content: { __time__: 1_409_529_680, __source__: '', Key3: 'error', Key4: 'Value4' },
      },
    ]);
  });
});
