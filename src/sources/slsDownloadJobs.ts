import { z } from 'zod';
import type { JobTable } from '../domain/column.ts';
import type { Drift, JobEntry } from '../domain/entry.ts';
import { bearsMark, sameBlanks, type ExportOrder } from '../domain/exportOrder.ts';
import {
  bigint,
  boolean,
  integer,
  fieldReader,
  sampleOf,
  text,
  unixSeconds,
  wholeNumber,
} from '../domain/fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { OffsetRequest } from '../domain/offsetWalk.ts';
import { WITHHELD, withholdLinks } from '../domain/links.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import type { EntryReading, JobFile, JobSource, ListPage, OffsetListing } from './source.ts';

/**
 * SLS ListDownloadJobs and GetDownloadJob: the log download jobs of one project.
 * Source: API page ListDownloadJobs (12 November 2025). Order undocumented; default and maximum size unknown.
 */
const streamSchema = z.strictObject({
  project: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, {
      error: 'a project name: 3 to 63 lower-case letters, digits and hyphens',
    })
    .describe('The SLS project whose download jobs are listed.'),
  logstore: z
    .string()
    .min(1)
    .optional()
    .describe('Only jobs of this Logstore. Left out: all Logstores of the project.'),
  pageSize: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(100)
    .describe('Rows asked for per page, 2 to 1000. The server may give fewer.'),
  download: z
    .boolean()
    .default(false)
    .describe('Whether finished exports are to be fetched and loaded.'),
  timeField: z
    .string()
    .min(1)
    .default('__time__')
    .describe(
      "The column of an export that holds a row's time: unix seconds, or ISO 8601 with a zone.",
    ),
  checkSum: z
    .enum(['required', 'recorded'])
    .default('required')
    .describe(
      'required: a file that does not fit its checksum is not loaded. recorded: it is loaded and marked as not verified; for stores whose ETag looks like an MD5 and is none.',
    ),
});

type Stream = z.infer<typeof streamSchema>;

/** Everything an answer says of a job, besides its status. */
const fields = {
  name: text('name'),
  display_name: text('displayName'),
  description: text('description'),
  logstore: text('configuration', 'logstore'),
  query: text('configuration', 'query'),
  from_time: unixSeconds('configuration', 'fromTime'),
  to_time: unixSeconds('configuration', 'toTime'),
  power_sql: boolean('configuration', 'powerSql'),
  allow_incomplete: boolean('configuration', 'allowInComplete'),
  content_type: text('configuration', 'sink', 'contentType'),
  compression_type: text('configuration', 'sink', 'compressionType'),
  sink_type: text('configuration', 'sink', 'type'),
  role_arn: text('configuration', 'sink', 'roleArn'),
  bucket: text('configuration', 'sink', 'bucket'),
  prefix: text('configuration', 'sink', 'prefix'),
  progress: integer('executionDetails', 'progress'),
  file_size: bigint('executionDetails', 'fileSize'),
  execute_time_s: bigint('executionDetails', 'executeTime'),
  log_count: bigint('executionDetails', 'logCount'),
  error_message: text('executionDetails', 'errorMessage'),
  check_sum: text('executionDetails', 'checkSum'),
  notice: text('executionDetails', 'notice'),
  created_at: unixSeconds('createTime'),
} as const;

const table: JobTable = {
  name: 'download_jobs',
  kind: 'download_job',
  columns: { project: { type: 'text' }, ...fields },
};

/** `filePath` is the link to the file: asked for anew whenever it is needed, stored nowhere (P8). */
const readFields = fieldReader(fields, {
  kept: [['status']],
  dropped: [['executionDetails', 'filePath']],
});

const statuses: ReadonlySet<string> = new Set(['STARTING', 'RUNNING', 'SUCCEEDED', 'ERROR']);
const terminal: ReadonlySet<string> = new Set(['SUCCEEDED', 'ERROR']);
/** Names have 2 to 64 characters (CreateDownloadJob); what is longer than this would not fit an index. */
const nameCharactersMax = 256;

export const slsDownloadJobs: JobSource<Stream> & { readonly listing: OffsetListing<Stream> } = {
  kind: 'jobs',
  id: 'aliyun.sls.download_jobs',
  provider: 'aliyun',
  product: 'sls',
  title: 'Log download jobs of a Simple Log Service project (ListDownloadJobs).',
  streamSchema,
  pageSize: (stream) => stream.pageSize,
  probe: {
    request: (stream) => listRequest(stream, { offset: 0, size: 2 }),
    found: (body, stream) => {
      const page = readPage(body, stream);
      return page && `${page.total ?? 'an unknown number of'} jobs listed`;
    },
  },
  listing: {
    kind: 'offset',
    request: listRequest,
    read: readPage,
  },
  table,
  tracking: {
    terminal,
    request: (stream, name) => ({
      product: 'sls',
      api: 'GetDownloadJob',
      method: 'GET',
      path: `/downloadjobs/${name}`,
      query: {},
      project: stream.project,
    }),
    read: (body, stream) => readJob(body, stream),
    // The code for a job that is not there is unknown; a missing project or Logstore is a wrong configuration instead.
    isGone: ({ status, code }) =>
      status === 404 && code !== 'ProjectNotExist' && code !== 'LogStoreNotExist',
  },
  ordering: { request: orderRequest, succeeded: 'SUCCEEDED', differences: differencesFrom },
  download: {
    isWanted: (stream) => stream.download,
    status: 'SUCCEEDED',
    read: readFile,
    timeField: (stream) => stream.timeField,
    isCheckSumBinding: (stream) => stream.checkSum === 'required',
  },
};

/** CreateDownloadJob. A name that is taken is refused, so that no order is executed twice. Source: API page (November 2026). */
function orderRequest(stream: Stream, order: ExportOrder): ApiRequest {
  const { name, displayName, description, logstore, query, powerSql } = order;
  return {
    product: 'sls',
    api: 'CreateDownloadJob',
    method: 'POST',
    path: '/downloadjobs',
    query: {},
    project: stream.project,
    body: JSON.stringify({
      ...{ name, displayName, description },
      configuration: {
        ...{ logstore, query, powerSql, allowInComplete: order.allowIncomplete },
        ...{ fromTime: order.fromMs / 1_000, toTime: order.toMs / 1_000 },
        sink: {
          type: 'AliyunOSS',
          ...{ contentType: order.format, compressionType: order.compression },
          ...(order.roleArn === null ? {} : { roleArn: order.roleArn }),
          ...(order.bucket === null ? {} : { bucket: order.bucket }),
          ...(order.prefix === null ? {} : { prefix: order.prefix }),
        },
      },
    }),
  };
}

function differencesFrom({ columns }: JobEntry, order: ExportOrder): readonly string[] {
  if (bearsMark(columns['description'], order)) return [];
  const query = columns['query'];
  const pairs = [
    ['logstore', columns['logstore'], order.logstore],
    ['query', typeof query === 'string' ? sameBlanks(query) : null, sameBlanks(order.query)],
    ['from', columns['from_time'], order.fromMs],
    ['to', columns['to_time'], order.toMs],
  ] as const;
  return pairs.flatMap(([name, found, asked]) =>
    (found ?? null) === null || found === asked ? [] : [name],
  );
}

function readFile(body: JsonValue): JobFile {
  const job = isJsonObject(body) ? body : {};
  const link = isJsonObject(job['executionDetails']) ? job['executionDetails']['filePath'] : null;
  const { columns } = readFields(job);
  const textAt = (column: keyof typeof fields): string | null => {
    const value = columns[column];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
  };
  const bytes = textAt('file_size');
  return {
    link: typeof link === 'string' && link !== '' ? link : null,
    bytes: bytes === null || Number(bytes) < 0 ? null : Number(bytes),
    checkSum: textAt('check_sum'),
    logCount: textAt('log_count'),
    contentType: textAt('content_type')?.toLowerCase() ?? null,
  };
}

function listRequest(stream: Stream, { offset, size }: OffsetRequest): ApiRequest {
  return {
    product: 'sls',
    api: 'ListDownloadJobs',
    method: 'GET',
    path: '/downloadjobs',
    query: {
      ...(stream.logstore === undefined ? {} : { logstore: stream.logstore }),
      offset: String(offset),
      size: String(size),
    },
    project: stream.project,
  };
}

function readPage(body: JsonValue, stream: Stream): ListPage | null {
  if (!isJsonObject(body)) return null;
  const results = body['results'];
  const total = wholeNumber(body['total'] ?? null);
  // An empty list without `results` is imaginable, a list with rows is not.
  if (!Array.isArray(results)) return results == null && total === 0 ? emptyPage : null;
  return {
    entries: results.map((job: JsonValue) => readJob(job, stream)),
    total: total === null || total < 0 ? null : Number(total),
    drift: Object.entries(body)
      .filter(([field]) => !['total', 'count', 'results'].includes(field))
      .map(([path, value]) => ({ path, kind: 'unknown_field' as const, sample: sampleOf(value) })),
  };
}

const emptyPage: ListPage = { entries: [], total: 0, drift: [] };

function readJob(job: JsonValue, stream: Stream): EntryReading {
  if (!isJsonObject(job)) return rejected('not_an_object', job);
  const name = job['name'];
  if (typeof name !== 'string' || name === '') return rejected('no_name', job);
  if (name.length > nameCharactersMax) return rejected('name_too_long', job);
  const { columns, drift, rest } = readFields(job);
  const created = wholeNumber(job['createTime'] ?? null);
  const status = typeof job['status'] === 'string' ? job['status'].trim().toUpperCase() : '';
  const progress = columns['progress'];
  return {
    kind: 'entry',
    drift: [...drift, ...statusDrift(status, job)],
    entry: {
      // A name can be used again after DeleteDownloadJob: the new job is another one.
      key: created === null ? name : `${name}@${created}`,
      jobKey: name,
      status: status === '' ? 'UNKNOWN' : status,
      progressPercent: typeof progress === 'number' ? progress : null,
      columns: { ...columns, project: stream.project },
      raw: rest,
    },
  };
}

function statusDrift(status: string, job: JsonObject): readonly Drift[] {
  if (statuses.has(status)) return [];
  return [{ path: 'status', kind: 'unknown_value', sample: sampleOf(job['status'] ?? null) }];
}

/** All of an entry that cannot be stored, but for the link to its file. */
function rawOf(job: JsonValue): JsonValue {
  const details = isJsonObject(job) ? job['executionDetails'] : undefined;
  if (!isJsonObject(job) || !isJsonObject(details)) return withholdLinks(job);
  if (details['filePath'] === undefined) return withholdLinks(job);
  return withholdLinks({ ...job, executionDetails: { ...details, filePath: WITHHELD } });
}

function rejected(reason: string, job: JsonValue): EntryReading {
  return { kind: 'rejected', entry: { reason, raw: rawOf(job) }, drift: [] };
}
