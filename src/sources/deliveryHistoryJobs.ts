import { z } from 'zod';
import type { Column, JobTable } from '../domain/column.ts';
import type { Drift } from '../domain/entry.ts';
import { fieldReader, isoTime, sampleOf, text, wholeNumber } from '../domain/fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { withholdLinks } from '../domain/links.ts';
import { storableText } from '../domain/storable.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import type { EntryReading, JobSource, NumberedPage, PageListing } from './source.ts';

/**
 * ActionTrail ListDeliveryHistoryJobs and GetDeliveryHistoryJob: the jobs that deliver historical events of a trail.
 * Source: API page ListDeliveryHistoryJobs (1 March 2024). Order undocumented; listed by the home region of the trail.
 */
const streamSchema = z.strictObject({
  pageSize: z
    .number()
    .int()
    .min(2)
    .max(100)
    .default(100)
    .describe('Jobs asked for per page, 2 to 100. The server may give fewer.'),
});

type Stream = z.infer<typeof streamSchema>;

/** JobStatus and the status of each region, by number (API page). */
const statusNames = ['INITIALIZING', 'DELIVERING', 'COMPLETE', 'FAILED'] as const;
const terminal: ReadonlySet<string> = new Set(['COMPLETE', 'FAILED']);

/** Everything an answer says of a job, besides its id and status. */
const fields = {
  trail_name: text('TrailName'),
  home_region: text('HomeRegion'),
  // The page calls them the times of the task; its example, a window that ends after the creation, shows that they are the events'.
  start_time: isoTime('StartTime'),
  end_time: isoTime('EndTime'),
  created_at: isoTime('CreatedTime'),
  updated_at: isoTime('UpdatedTime'),
  region_statuses: regionStatuses('Status'),
} as const;

const table: JobTable = {
  name: 'delivery_history_jobs',
  kind: 'delivery_history_job',
  columns: { job_id: { type: 'text' }, ...fields },
  // Only GetDeliveryHistoryJob tells of regions: a job is over when that answer says so, and theirs are stored with it.
  trackedColumns: new Set(['region_statuses']),
  settledBy: 'tracking',
};

const readFields = fieldReader(fields, {
  kept: [['JobStatus']],
  // The id is in its column. GetDeliveryHistoryJob gives its request id beside the fields of the job.
  dropped: [['JobId'], ['RequestId']],
});

/** Source: quota page of the API (November 2026), List and Get each, for a region and account. */
const perSecondMax = 10;

export const deliveryHistoryJobs: JobSource<Stream> & { readonly listing: PageListing<Stream> } = {
  kind: 'jobs',
  id: 'aliyun.actiontrail.delivery_history_jobs',
  provider: 'aliyun',
  product: 'actiontrail',
  title: 'Jobs that deliver historical events of ActionTrail trails (ListDeliveryHistoryJobs).',
  streamSchema,
  pageSize: (stream) => stream.pageSize,
  probe: {
    request: (stream) => listRequest(stream, { pageNumber: 1, pageSize: 2 }),
    found: (body) => {
      const page = readPage(body);
      return page && `${page.total ?? 'an unknown number of'} jobs listed`;
    },
  },
  listing: { kind: 'page', request: listRequest, read: readPage },
  table,
  tracking: {
    terminal,
    request: (_stream, jobId) => rpc('GetDeliveryHistoryJob', { JobId: jobId }),
    read: readJob,
    // The code for a job that is not there is unknown; an action that is not there is a wrong endpoint instead.
    isGone: ({ status, code }) => status === 404 && code?.startsWith('InvalidAction') !== true,
  },
};

function listRequest(
  _stream: Stream,
  { pageNumber, pageSize }: { readonly pageNumber: number; readonly pageSize: number },
): ApiRequest {
  return rpc('ListDeliveryHistoryJobs', {
    PageNumber: String(pageNumber),
    PageSize: String(pageSize),
  });
}

/** GET is taken as well as POST; a read that answers nothing at all is told from one that was cut off only on GET. */
function rpc(api: string, query: Readonly<Record<string, string>>): ApiRequest {
  return { product: 'actiontrail', api, method: 'GET', path: '/', query, perSecondMax };
}

const pageFields = new Set([
  ...['TotalCount', 'PageSize', 'PageNumber', 'RequestId', 'DeliveryHistoryJobs'],
]);

function readPage(body: JsonValue): NumberedPage | null {
  if (!isJsonObject(body)) return null;
  const jobs = body['DeliveryHistoryJobs'];
  const total = countIn(body['TotalCount']);
  // An empty list without its field is imaginable, a list with rows is not.
  if (!Array.isArray(jobs) && (jobs != null || total !== 0)) return null;
  const rows: readonly JsonValue[] = Array.isArray(jobs) ? jobs : [];
  return {
    entries: rows.map(readJob),
    total,
    pageNumber: atLeastOne(countIn(body['PageNumber'])),
    pageSize: atLeastOne(countIn(body['PageSize'])),
    drift: Object.entries(body)
      .filter(([field]) => !pageFields.has(field))
      .map(([path, value]) => ({ path, kind: 'unknown_field' as const, sample: sampleOf(value) })),
  };
}

/** A whole number from 0, as a double holds it; null for anything else. */
function countIn(value: JsonValue | undefined): number | null {
  const count = wholeNumber(value ?? null);
  return typeof count === 'number' && count >= 0 ? count : null;
}

function atLeastOne(count: number | null): number | null {
  return count === 0 ? null : count;
}

const int64Max = 2n ** 63n - 1n;

function readJob(job: JsonValue): EntryReading {
  if (!isJsonObject(job)) return rejected('not_an_object', job);
  const id = wholeNumber(job['JobId'] ?? null);
  if (id === null) return rejected('no_job_id', job);
  if (id < 0 || id > int64Max) return rejected('job_id_out_of_range', job);
  const { columns, drift, rest } = readFields(job);
  const status = statusOf(job['JobStatus']);
  const jobId = String(id);
  return {
    kind: 'entry',
    drift: [...drift, ...statusDrift(status, job)],
    entry: {
      key: jobId,
      jobKey: jobId,
      status,
      progressPercent: null,
      columns: { ...columns, job_id: jobId },
      raw: rest,
    },
  };
}

/** The name of a status; the text of one that nobody documented, so that it is told apart and polled on. */
function statusOf(value: JsonValue | undefined): string {
  if (value === null || value === undefined || typeof value === 'object') return 'UNKNOWN';
  const number = wholeNumber(value);
  const name = typeof number === 'number' ? statusNames[number] : undefined;
  const sent = storableText(String(value).trim().toUpperCase().slice(0, statusCharactersMax));
  return name ?? (sent === '' ? 'UNKNOWN' : sent);
}

const statusCharactersMax = 100;

function statusDrift(status: string, job: JsonObject): readonly Drift[] {
  if (statusNames.some((name) => name === status)) return [];
  const sample = sampleOf(job['JobStatus'] ?? null);
  return [{ path: 'JobStatus', kind: 'unknown_value', sample }];
}

/** `[{"region": "cn-hangzhou", "status": "COMPLETE"}]`, in the order of the answer. */
function regionStatuses(...path: readonly string[]): Column {
  return {
    type: 'jsonb',
    path,
    read: (value) => {
      if (!Array.isArray(value)) return { ok: false, kind: 'unexpected_type' };
      const regions: { region: string; status: string }[] = [];
      for (const entry of value as readonly JsonValue[]) {
        const name = isJsonObject(entry) ? entry['Region'] : undefined;
        const isPlain = isJsonObject(entry) && Object.keys(entry).length <= 2;
        if (typeof name !== 'string' || !isPlain) return { ok: false, kind: 'unexpected_type' };
        regions.push({ region: storableText(name), status: statusOf(entry['Status']) });
      }
      return { ok: true, value: JSON.stringify(regions) };
    },
  };
}

function rejected(reason: string, job: JsonValue): EntryReading {
  return { kind: 'rejected', entry: { reason, raw: withholdLinks(job) }, drift: [] };
}
