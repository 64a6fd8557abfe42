import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/domain/json.ts';
import { parseJson } from '../../src/http/json.ts';
import { deliveryHistoryJobs } from '../../src/sources/deliveryHistoryJobs.ts';

const example = readFileSync(
  new URL('../fixtures/actiontrail-list-delivery-history-jobs.json', import.meta.url),
  'utf8',
);
const stream = deliveryHistoryJobs.streamSchema.parse({});
const { listing, tracking } = deliveryHistoryJobs;

function entryOf(job: JsonValue) {
  const reading = tracking.read(job, stream);
  if (reading.kind !== 'entry') throw new Error(`rejected: ${reading.entry.reason}`);
  return reading;
}

describe('ListDeliveryHistoryJobs', () => {
  it('asks for a page as the API page says, at most ten times a second', () => {
    expect(listing.request(stream, { pageNumber: 3, pageSize: 20 })).toEqual({
      product: 'actiontrail',
      api: 'ListDeliveryHistoryJobs',
      method: 'GET',
      path: '/',
      query: { PageNumber: '3', PageSize: '20' },
      perSecondMax: 10,
    });
  });

  it('types every field of the example of the API page, and leaves nothing over but the status as sent', () => {
    const page = listing.read(parseJson(example), stream);
    expect(page).toEqual({
      total: 1,
      pageNumber: 1,
      pageSize: 20,
      drift: [],
      entries: [
        {
          kind: 'entry',
          drift: [],
          entry: {
            key: '16602',
            jobKey: '16602',
            status: 'COMPLETE',
            progressPercent: null,
            columns: {
              job_id: '16602',
              trail_name: 'trail-name',
              home_region: 'cn-hangzhou',
              start_time: Date.parse('2021-01-26T03:17:04Z'),
              end_time: Date.parse('2021-04-26T03:22:04Z'),
              created_at: Date.parse('2021-04-26T03:17:04Z'),
              updated_at: Date.parse('2021-04-26T03:20:08Z'),
              region_statuses: null,
            },
            raw: { JobStatus: 2 },
          },
        },
      ],
    });
  });

  it.each([
    [0, 'INITIALIZING'],
    [1, 'DELIVERING'],
    [2, 'COMPLETE'],
    [3, 'FAILED'],
    ['3', 'FAILED'],
    [4, '4'],
    [-1, '-1'],
    [2.5, '2.5'],
    ['paused', 'PAUSED'],
    [null, 'UNKNOWN'],
    ['', 'UNKNOWN'],
    [[1], 'UNKNOWN'],
  ])('names the status %j %s, and reports what nobody documented', (sent, status) => {
    const { entry, drift } = entryOf({ JobId: 1, JobStatus: sent });
    const isKnown = ['INITIALIZING', 'DELIVERING', 'COMPLETE', 'FAILED'].includes(status);
    expect([entry.status, drift.length]).toEqual([status, isKnown ? 0 : 1]);
    expect(tracking.terminal.has(status)).toBe(status === 'COMPLETE' || status === 'FAILED');
  });

  it('keeps every digit of a 64-bit id, sent as number or as text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id) => {
        const asNumber = parseJson(`{"JobId":${id},"JobStatus":1}`);
        const asText = parseJson(`{"JobId":"${id}","JobStatus":1}`);
        expect([entryOf(asNumber).entry.key, entryOf(asText).entry.columns['job_id']]).toEqual([
          String(id),
          String(id),
        ]);
      }),
    );
  });

  it.each([
    ['not_an_object', 'job'],
    ['no_job_id', { JobStatus: 1 }],
    ['no_job_id', { JobId: 1.5 }],
    ['no_job_id', { JobId: 'sixteen' }],
    ['job_id_out_of_range', { JobId: -1 }],
    ['job_id_out_of_range', { JobId: 2n ** 63n }],
  ])('rejects with %s and keeps what it cannot store: %j', (reason, job) => {
    expect(tracking.read(job, stream)).toEqual({
      kind: 'rejected',
      entry: { reason, raw: job },
      drift: [],
    });
  });

  it('keeps unknown fields and unreadable values in raw, links withheld', () => {
    const job = {
      JobId: 7,
      JobStatus: 1,
      CreatedTime: 'noon',
      Report: 'https://h/x.json?x-oss-signature=secret',
    };
    const { entry, drift } = entryOf(job);
    expect(entry.raw).toMatchObject({ CreatedTime: 'noon', JobStatus: 1 });
    expect(JSON.stringify(entry)).not.toContain('secret');
    expect(drift.map(({ path, kind }) => [path, kind])).toEqual([
      ['CreatedTime', 'unexpected_type'],
      ['Report', 'unknown_field'],
    ]);
  });

  it.each([
    ['text', 'hello'],
    ['an object without jobs but with a total', { TotalCount: 3 }],
    ['jobs that are no list', { TotalCount: 0, DeliveryHistoryJobs: {} }],
    ['an OpenAPI error on 200', { Code: 'Forbidden', Message: 'no' }],
  ])('is no list: %s', (_what, body: JsonValue) => {
    expect(listing.read(body, stream)).toBeNull();
  });

  it('may leave out the list when there is nothing in it', () => {
    expect(listing.read({ TotalCount: 0 }, stream)).toMatchObject({ entries: [], total: 0 });
  });

  it.each([['1'], [100], [0], [-3], ['x'], [null], [2n ** 60n]])(
    'reads sizes it can count with, and no others: %p',
    (sent) => {
      const body: JsonObject = { TotalCount: 0, DeliveryHistoryJobs: [], PageSize: sent };
      const expected = sent === '1' ? 1 : sent === 100 ? 100 : null;
      expect(listing.read(body, stream)?.pageSize).toBe(expected);
    },
  );
});

describe('GetDeliveryHistoryJob', () => {
  it('asks by id', () => {
    expect(tracking.request(stream, '9007199254740993').query).toEqual({
      JobId: '9007199254740993',
    });
  });

  it('tells the status of each region by name, and leaves its request id out', () => {
    const { entry, drift } = entryOf({
      RequestId: 'B190816C',
      JobId: 16602,
      JobStatus: 1,
      Status: [
        { Region: 'cn-hangzhou', Status: 2 },
        { Region: 'cn-beijing', Status: 1 },
        { Region: 'mars\0', Status: 9 },
      ],
    });
    expect(JSON.parse(String(entry.columns['region_statuses']))).toEqual([
      { region: 'cn-hangzhou', status: 'COMPLETE' },
      { region: 'cn-beijing', status: 'DELIVERING' },
      { region: 'mars\u{FFFD}', status: '9' },
    ]);
    expect([entry.raw, drift]).toEqual([{ JobStatus: 1 }, []]);
  });

  it.each([['none'], [[1]], [[{ Status: 1 }]], [[{ Region: 'a', Status: 1, Error: 'denied' }]]])(
    'keeps regions of another shape as they came: %j',
    (regions) => {
      const { entry, drift } = entryOf({ JobId: 1, JobStatus: 1, Status: regions });
      expect(entry.columns['region_statuses']).toBeNull();
      expect(entry.raw).toEqual({ JobStatus: 1, Status: regions });
      expect(drift).toMatchObject([{ path: 'Status', kind: 'unexpected_type' }]);
    },
  );

  it.each([
    [404, 'JobNotFound', true],
    [404, undefined, true],
    [404, 'InvalidAction.NotFound', false],
    [403, 'Forbidden', false],
    [400, 'InvalidParameter', false],
  ])('takes HTTP %i %s for a job that is gone: %p', (status, code, gone) => {
    expect(tracking.isGone({ status, code })).toBe(gone);
  });
});

it('checks a stream with a request for two jobs', () => {
  const { probe } = deliveryHistoryJobs;
  expect(probe.request(stream, 0).query).toEqual({ PageNumber: '1', PageSize: '2' });
  expect([probe.found(parseJson(example), stream), probe.found('x', stream)]).toEqual([
    '1 jobs listed',
    null,
  ]);
});

it('settings allow no page size the API would refuse', () => {
  const { streamSchema } = deliveryHistoryJobs;
  expect([1, 2, 100, 101].map((pageSize) => streamSchema.safeParse({ pageSize }).success)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
