import { afterAll, describe, expect, it } from '@jest/globals';
import { createHttpClient } from '../../../src/http/client.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { createAliyunApi } from '../../../src/providers/aliyun/aliyunApi.ts';
import { SourceError } from '../../../src/providers/sourceError.ts';
import type { OosOptions } from '../../../src/simulator/oos/executions.ts';
import { KEY } from '../signedRequest.ts';
import { START_MS, closeAfterEach, startWorld } from '../world.ts';

const http = createHttpClient();
afterAll(() => http.close());
closeAfterEach();

/** Entries a, b, c ... one second apart, the last one twice. */
const logs = ['a', 'b', 'c', 'd', 'd'].map((message, n) => ({
  atMs: START_MS + Math.min(n, 3) * 1_000,
  ...{ taskExecutionId: 'exec-1.t0010', logType: 'System', message },
}));

async function open(options: OosOptions = {}) {
  const executions = [{ id: 'exec-1', startedAtMs: START_MS, runMs: 10_000, logs }];
  const { simulator, clock } = await startWorld({ oos: { executions, ...options } });
  clock.nowMs = START_MS + 5_000;
  let nonces = 0;
  const api = createAliyunApi({
    account: 'prod',
    region: 'cn-hangzhou',
    endpoints: { oos: simulator.url },
    credentials: {
      renewable: false,
      get: async () => ({ accessKeyId: KEY.id, accessKeySecret: KEY.secret }),
      renew: () => undefined,
    },
    signature: 'v1-sha256',
    http,
    nowMs: () => clock.nowMs,
    nonce: () => `${++nonces}`,
  });
  const ask = async (action: string, query: Readonly<Record<string, string>>) => {
    const request = { product: 'oos', api: action, method: 'GET', path: '/', query } as const;
    return (await api.call(request, AbortSignal.timeout(10_000))).body as JsonObject;
  };
  const list = (query: Readonly<Record<string, string>> = {}) =>
    ask('ListExecutionLogs', { ExecutionId: 'exec-1', MaxResults: '2', ...query });
  const refusal = (asking: Promise<unknown>) =>
    asking.then(
      () => 'answered',
      (error: unknown) =>
        error instanceof SourceError ? `${error.kind} ${error.detail.code ?? ''}` : String(error),
    );
  return { simulator, clock, ask, list, refusal };
}

function messages(body: JsonObject): string {
  return (body['ExecutionLogs'] as { Message: string }[]).map((log) => log.Message).join('');
}

function tokenOf(body: JsonObject): string {
  const { NextToken: token } = body;
  return typeof token === 'string' ? token : '';
}

describe('the simulated ListExecutionLogs', () => {
  it('answers with the fields of the API page, twins included, newest first', async () => {
    const { list } = await open();
    const body = await list({ MaxResults: '50' });
    expect(Object.keys(body)).toEqual(['RequestId', 'IsTruncated', 'MaxResults', 'ExecutionLogs']);
    expect(messages(body)).toBe('ddcba');
    expect((body['ExecutionLogs'] as JsonObject[])[0]).toEqual({
      TaskExecutionId: 'exec-1.t0010',
      Message: 'd',
      LogType: expect.stringMatching(/^ ?System$/),
      Timestamp: expect.stringMatching(/^2026-11-22T:?13:00:03Z$/),
    });
  });

  it('goes on by token to the last page, which has none', async () => {
    const { list } = await open({ order: 'oldest-first' });
    const first = await list();
    const second = await list({ NextToken: tokenOf(first) });
    const third = await list({ NextToken: tokenOf(second) });
    expect([first, second, third].map(messages)).toEqual(['ab', 'cd', 'd']);
    expect([second['IsTruncated'], third['IsTruncated'], 'NextToken' in third]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('pushes rows over the page border while the list grows at its head', async () => {
    const { list, simulator } = await open();
    const first = await list();
    simulator.oos().log('exec-1', { ...logs[0]!, message: 'new' });
    expect(messages(first) + messages(await list({ NextToken: tokenOf(first) }))).toBe('dddc');
  });

  it('refuses a token that is old, made up, or of another list', async () => {
    const { list, clock, refusal } = await open({ tokenLifeMs: 60_000 });
    const token = tokenOf(await list());
    const refused = 'rejected InvalidParameter.NextToken';
    expect(await refusal(list({ NextToken: `${token}x` }))).toBe(refused);
    expect(await refusal(list({ NextToken: token, LogType: 'User' }))).toBe(refused);
    clock.nowMs += 60_001;
    expect(await refusal(list({ NextToken: token }))).toBe(refused);
  });

  it('shows entries as they come, of one task or type where asked', async () => {
    const { list, clock } = await open();
    clock.nowMs = START_MS + 1_500;
    expect(messages(await list())).toBe('ba');
    expect(messages(await list({ TaskExecutionId: 'another' }))).toBe('');
    expect(messages(await list({ LogType: 'System' }))).toBe('ba');
  });

  it('refuses an execution that is not there, and a request without one', async () => {
    const { ask, refusal } = await open();
    const about = (query: Record<string, string>) => refusal(ask('ListExecutionLogs', query));
    expect(await about({ ExecutionId: 'x' })).toBe('rejected EntityNotExists.Execution');
    expect(await about({})).toBe('rejected MissingParameter');
  });

  it('gives empty pages with a token, and the same token again, where faults say so', async () => {
    const { list, simulator } = await open();
    simulator.setFaults({ emptyPage: { at: [0] }, repeatToken: { at: [1] } });
    const empty = await list();
    expect([messages(empty), 'NextToken' in empty]).toEqual(['', true]);
    const circle = await list({ NextToken: tokenOf(empty) });
    expect(tokenOf(circle)).toBe(tokenOf(empty));
  });
});

describe('the simulated ListExecutions', () => {
  it('shows how an execution goes on to its end', async () => {
    const { ask, clock } = await open();
    const seen: unknown[] = [];
    for (const ageMs of [100, 5_000, 10_000]) {
      clock.nowMs = START_MS + ageMs;
      const [row] = (await ask('ListExecutions', {}))['Executions'] as JsonObject[];
      seen.push([row?.['Status'], row?.['EndDate']]);
    }
    expect(seen).toEqual([
      ['Started', ''],
      ['Running', ''],
      ['Success', '2026-11-22T13:00:10Z'],
    ]);
  });

  it('filters, and counts what is left', async () => {
    const { ask, simulator } = await open();
    simulator.oos().start({ id: 'exec-2', startedAtMs: START_MS + 4_000, ending: 'never' });
    const total = async (query: Record<string, string>) =>
      (await ask('ListExecutions', query))['TotalCount'];
    expect([
      await total({}),
      await total({ Status: 'Running' }),
      await total({ ExecutionId: 'exec-2' }),
      await total({ StartDateAfter: '2026-11-22T13:00:02Z' }),
      await total({ Category: 'TimerTrigger' }),
      await total({ ExecutionId: 'none' }),
    ]).toEqual([2, 1, 1, 1, 1, 0]);
  });

  it('takes 10 to 100 for MaxResults', async () => {
    const { ask, refusal } = await open();
    const asked = (n: string) => refusal(ask('ListExecutions', { MaxResults: n }));
    expect([await asked('9'), await asked('101'), await asked('10')]).toEqual([
      'rejected InvalidParameter',
      'rejected InvalidParameter',
      'answered',
    ]);
  });

  it('lets the parent of a trigger log at every firing, for good', async () => {
    const trigger = { id: 'exec-t', startedAtMs: START_MS, ending: 'never' as const };
    const { ask, clock } = await open({ executions: [{ ...trigger, firesEveryMs: 1_000 }] });
    const count = async () => {
      const body = await ask('ListExecutionLogs', { ExecutionId: 'exec-t', MaxResults: '100' });
      return (body['ExecutionLogs'] as JsonObject[]).length;
    };
    const early = await count();
    clock.nowMs += 10_000;
    expect([early, await count()]).toEqual([12, 32]);
  });
});
