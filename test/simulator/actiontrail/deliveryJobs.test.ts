import { afterAll, describe, expect, it } from '@jest/globals';
import { createHttpClient } from '../../../src/http/client.ts';
import type { JsonObject, JsonValue } from '../../../src/domain/json.ts';
import { createAliyunApi } from '../../../src/providers/aliyun/aliyunApi.ts';
import { SourceError } from '../../../src/providers/sourceError.ts';
import type { SimulatorOptions } from '../../../src/simulator/server.ts';
import { KEY } from '../signedRequest.ts';
import { START_MS, closeAfterEach, startWorld } from '../world.ts';

const http = createHttpClient();
afterAll(() => http.close());
closeAfterEach();

const JOB = {
  name: '9007199254740993',
  trailName: 'trail-name',
  homeRegion: 'cn-hangzhou',
  regions: ['cn-hangzhou', 'cn-beijing'],
  startTimeMs: Date.parse('2026-09-01T00:00:00Z'),
  endTimeMs: Date.parse('2026-11-22T13:05:00Z'),
  createdAtMs: START_MS,
  startMs: 1_000,
  runMs: 10_000,
  ending: 'complete',
} as const;

async function open(options: Partial<SimulatorOptions>) {
  const { simulator, clock } = await startWorld(options);
  let nonces = 0;
  const api = createAliyunApi({
    account: 'prod',
    region: 'cn-hangzhou',
    endpoints: { actiontrail: simulator.url },
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
    const request = {
      product: 'actiontrail',
      api: action,
      method: 'POST',
      path: '/',
      query,
    } as const;
    return (await api.call(request, AbortSignal.timeout(10_000))).body as JsonObject;
  };
  const refusal = async (action: string, query: Readonly<Record<string, string>>) =>
    ask(action, query).then(
      () => 'answered',
      (error: unknown) =>
        error instanceof SourceError ? `${error.kind} ${error.detail.code ?? ''}` : String(error),
    );
  return { simulator, clock, ask, refusal };
}

const idsOf = (body: JsonObject): readonly JsonValue[] =>
  (body['DeliveryHistoryJobs'] as readonly JsonObject[]).map((job) => job['JobId'] ?? null);

describe('ListDeliveryHistoryJobs', () => {
  it('has every field of the API page, and ids whose digits no double holds', async () => {
    const { ask } = await open({ trail: { jobs: [JOB] } });
    expect(await ask('ListDeliveryHistoryJobs', {})).toEqual({
      TotalCount: 1,
      PageSize: 20,
      PageNumber: 1,
      RequestId: expect.stringMatching(/^[0-9A-F]{24}$/) as unknown,
      DeliveryHistoryJobs: [
        {
          JobId: 9_007_199_254_740_993n,
          TrailName: 'trail-name',
          HomeRegion: 'cn-hangzhou',
          JobStatus: 0,
          CreatedTime: '2026-11-22T13:00:00Z',
          UpdatedTime: '2026-11-22T13:00:00Z',
          StartTime: '2026-09-01T00:00:00Z',
          EndTime: '2026-11-22T13:05:00Z',
        },
      ],
    });
  });

  const five = ['1', '2', '3', '4', '5'].map((name) => ({ ...JOB, name }));

  it('counts pages by the size it is asked for, the newest job first, and is empty behind the last', async () => {
    const { ask } = await open({ trail: { jobs: five } });
    const pages = await Promise.all(
      [1, 2, 3, 4].map((page) =>
        ask('ListDeliveryHistoryJobs', { PageSize: '2', PageNumber: String(page) }),
      ),
    );
    expect(pages.map(idsOf)).toEqual([[5, 4], [3, 2], [1], []]);
  });

  it.each([
    ['given', 2],
    ['asked', 4],
    ['absent', undefined],
  ] as const)(
    'capped below the size it counts pages by the cap, and tells of it as configured: %s',
    async (pageSizeTold, told) => {
      const faults = { pageCap: { when: 1, rows: 2 } };
      const { ask } = await open({ trail: { jobs: five, pageSizeTold }, faults });
      const page = await ask('ListDeliveryHistoryJobs', { PageSize: '4', PageNumber: '2' });
      expect([idsOf(page), page['PageSize']]).toEqual([[3, 2], told]);
    },
  );

  it.each([{ PageSize: '0' }, { PageSize: '101' }, { PageNumber: '0' }, { PageSize: 'x' }])(
    'refuses %j',
    async (query) => {
      const { refusal } = await open({});
      expect(await refusal('ListDeliveryHistoryJobs', query)).toBe('rejected InvalidParameter');
    },
  );
});

describe('GetDeliveryHistoryJob', () => {
  it('tells the status and that of each region, all moving forward', async () => {
    const { ask, clock } = await open({ trail: { jobs: [JOB] } });
    const seen: unknown[] = [];
    for (const atMs of [0, 1_500, 7_000, 11_000]) {
      clock.nowMs = START_MS + atMs;
      const job = await ask('GetDeliveryHistoryJob', { JobId: JOB.name });
      const regions = job['Status'] as readonly JsonObject[];
      seen.push([job['JobStatus'], regions.map((region) => region['Status'])]);
    }
    expect(seen).toEqual([
      [0, [0, 0]],
      [1, [1, 0]],
      [1, [2, 1]],
      [2, [2, 2]],
    ]);
  });

  it('refuses an id it does not know', async () => {
    const { refusal } = await open({ trail: { jobs: [JOB] } });
    expect(await refusal('GetDeliveryHistoryJob', { JobId: '9007199254740992' })).toBe(
      'rejected JobNotFound',
    );
  });
});

describe('faults of the OpenAPI products', () => {
  it.each([
    [{ throttle: 1 }, 'throttled Throttling.User'],
    [{ internalServerError: 1 }, 'transient InternalError'],
    [{ emptyServerError: 1 }, 'transient '],
    [{ serverBusy: 1 }, 'transient ServiceUnavailable'],
    [{ badGateway: 1 }, 'transient '],
    [{ notJson: 1 }, 'drift '],
    [{ cutBody: 1 }, 'transient '],
  ])('%j', async (faults, expected) => {
    const { refusal } = await open({ trail: { jobs: [JOB] }, faults });
    expect(await refusal('ListDeliveryHistoryJobs', {})).toBe(expected);
  });

  it('an action or version nobody has is refused, and counted under no API', async () => {
    const { refusal, simulator } = await open({});
    expect(await refusal('ListNothing', {})).toBe('rejected InvalidAction.NotFound');
    expect(simulator.requests()).toEqual({ none: { '404': 1 } });
  });
});
