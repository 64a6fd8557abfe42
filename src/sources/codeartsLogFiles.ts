import { z } from 'zod';
import type { FileTable } from '../domain/column.ts';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { parseUtcOffset, readLogLine } from '../domain/logLine.ts';
import { isSubJobId, subJobIdsIn } from '../domain/subJobIds.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import type { ArchiveDiscovery, ArchiveSource, DiscoveredItem } from './source.ts';

/**
 * CodeArts Check DownloadLog: the log archives of sub-jobs of code checks. Source: API page of 3 February 2026, and its Chinese
 * original: exactly one sub-job id a request. What is in the ZIP is documented nowhere: any names, any text.
 */
const subJobId = z.string().refine(isSubJobId, 'must be 32 letters and digits: a sub-job id');
const codeProjectId = z
  .string()
  .regex(/^[0-9a-zA-Z]{32}$/, 'must be 32 letters and digits: the id of a CodeArts project');
const rest = (byDefault: string) =>
  z
    .string()
    .regex(DURATION_PATTERN, 'must be a duration: 500ms, 30s, 5m, 1h or 2d')
    .refine((text) => (parseDuration(text) ?? 0) >= 1_000, 'must be 1s or longer')
    .default(byDefault);
const mebibytes = (byDefault: number, max: number, what: string) =>
  z.int().min(1).max(max).default(byDefault).describe(`${what}, in MiB.`);

const streamSchema = z.strictObject({
  subJobIds: z
    .array(subJobId)
    .max(10_000)
    .default([])
    .describe('The sub-jobs whose log archives are fetched.'),
  discover: z
    .strictObject({
      projects: z
        .array(codeProjectId)
        .min(1)
        .max(100)
        .describe('CodeArts projects whose tasks, executions and sub-jobs are looked through.'),
    })
    .optional()
    .describe(
      'Finds sub-jobs by itself. Off when left out: where an execution names its sub-jobs is not documented.',
    ),
  requestsPerSecond: z
    .int()
    .min(1)
    .max(100)
    .default(2)
    .describe('The most requests a second to each API; the service names no limit of its own.'),
  recheckMin: rest('10m').describe(
    'An archive that was stored is asked for again after this time, since a check may go on writing it; twice as long after each time it had not changed.',
  ),
  recheckMax: rest('7d').describe('The longest time between two such questions.'),
  utcOffset: z
    .string()
    .refine((text) => parseUtcOffset(text) !== null, 'must be an offset from UTC: "+08:00"')
    .optional()
    .describe(
      'The zone of times in the logs that name none, "+08:00". Left out: such times are kept as text only.',
    ),
  limits: z
    .strictObject({
      downloadMiB: mebibytes(512, 16_384, 'The largest archive'),
      entries: z.int().min(1).max(1_000_000).default(10_000).describe('The most files in one.'),
      entryMiB: mebibytes(2_048, 65_536, 'The largest file in one, unpacked'),
      totalMiB: mebibytes(4_096, 262_144, 'All files in one, unpacked'),
      ratio: z
        .int()
        .min(10)
        .max(1_100)
        .default(200)
        .describe('The most that a file above 1 MiB may unpack to, by its packed size.'),
      lineKiB: z
        .int()
        .min(1)
        .max(65_536)
        .default(1_024)
        .describe('What of a line is kept, in KiB; the rest is left out and counted.'),
    })
    .prefault({})
    .describe('An archive beyond these is refused: nothing of it is stored.'),
});

type Stream = z.infer<typeof streamSchema>;

const table: FileTable = {
  name: 'log_files',
  keyColumn: 'sub_job_id',
  countColumn: 'lines',
  columns: { file_name: { type: 'text' }, entries: { type: 'integer' } },
  rows: {
    name: 'log_file_lines',
    fileColumn: 'log_file_id',
    columns: {
      entry_no: { type: 'integer' },
      line_no: { type: 'bigint' },
      entry_name: { type: 'text' },
      logged_at: { type: 'timestamptz' },
      level: { type: 'text' },
      cut_bytes: { type: 'bigint' },
      text: { type: 'text' },
    },
  },
};

const mebibyte = 1024 * 1024;
const product = 'codearts_check' as const;

const discovery: ArchiveDiscovery<Stream> = {
  projects: (stream) => stream.discover?.projects ?? [],
  // `offset` is a page number, whatever it is called; 0 presumably also means the first page. Page ShowTaskListByProjectIdV2.
  tasks: {
    request: (stream, project, page) => ({
      ...{ product, api: 'ShowTaskListByProjectId', method: 'GET' },
      perSecondMax: stream.requestsPerSecond,
      path: `/v2/${project}/tasks`,
      query: { offset: String(page), limit: '100' },
    }),
    read: (body) => {
      const tasks = isJsonObject(body) ? listIn(body, ['tasks']) : null;
      return tasks === null
        ? null
        : { items: tasks.flatMap(taskOf), rows: tasks.length, total: totalIn(body) };
    },
  },
  jobs: {
    request: (stream, task, page) => ({
      ...{ product, api: 'getJobsInfo', method: 'GET' },
      perSecondMax: stream.requestsPerSecond,
      path: `/v4/tasks/${task}/jobs`,
      query: { page: String(page), page_size: '200' },
    }),
    // The body is not documented; these are the places that others have met.
    read: (body) => {
      const inner = isJsonObject(body) && isJsonObject(body['result']) ? body['result'] : body;
      const places = ['jobs', 'value', 'items', 'list', 'result'];
      const jobs = Array.isArray(inner) ? (inner as readonly JsonValue[]) : listIn(inner, places);
      return jobs === null
        ? null
        : { items: jobs.flatMap(jobOf), rows: jobs.length, total: totalIn(inner) };
    },
  },
};

export const codeartsLogFiles: ArchiveSource<Stream> = {
  id: 'huawei.codearts_check.log_files',
  kind: 'archives',
  provider: 'huawei',
  product,
  title: 'Log archives of code checks of CodeArts Check (DownloadLog).',
  streamSchema,
  table,
  probe: {
    download: (stream) => {
      const [first] = stream.subJobIds;
      return first === undefined ? null : downloadOf(stream, first);
    },
  },
  keys: (stream) => stream.subJobIds,
  isKey: isSubJobId,
  request: downloadOf,
  // `CC.<8 digits>.400` refuses the id; a 404 of the gateway (APIGW.0101) refuses the API.
  isKeyRefused: ({ status, code }) =>
    (status === 400 || status === 404 || /^CC\.\d{8}\.40[04]$/.test(code ?? '')) &&
    !/^APIG/.test(code ?? ''),
  recheck: (stream) => {
    const minMs = parseDuration(stream.recheckMin) ?? 0;
    return { minMs, maxMs: Math.max(minMs, parseDuration(stream.recheckMax) ?? 0) };
  },
  limits: ({ limits }) => ({
    fileBytesMax: limits.downloadMiB * mebibyte,
    entriesMax: limits.entries,
    entryBytesMax: limits.entryMiB * mebibyte,
    totalBytesMax: limits.totalMiB * mebibyte,
    ratioMax: limits.ratio,
    lineBytesMax: limits.lineKiB * 1024,
  }),
  rows: (stream) => {
    const offset = stream.utcOffset === undefined ? null : parseUtcOffset(stream.utcOffset);
    return ({ entryNumber, entryName, lineNumber, text, cutBytes }) => {
      const { loggedAtMs, level } = readLogLine(text, offset);
      const cut = cutBytes === 0 ? null : String(cutBytes);
      return [entryNumber, String(lineNumber), entryName, loggedAtMs, level, cut, text];
    };
  },
  file: ({ headers, entries, origin }) => ({
    columns: { file_name: fileNameIn(headers['content-disposition']), entries: entries.length },
    raw: {
      entries: entries.map(({ number, name, bytes, lines }) => ({ number, name, bytes, lines })),
      ...(origin === null ? {} : { discovered_from: origin }),
    },
  }),
  discovery,
};

function downloadOf(stream: Stream, subJob: string): ApiRequest {
  return {
    perSecondMax: stream.requestsPerSecond,
    ...{ product, api: 'DownloadLog', method: 'GET', path: '/v1/log-file' },
    query: { sub_job_id: subJob },
  };
}

/** A name for people to see: no path, no control character, short. Nothing is written under it. */
function fileNameIn(disposition: string | undefined): string | null {
  const [, quotedName, plainName] =
    /filename="([^"]{1,500})"|filename=([^;\s]{1,500})/i.exec(disposition ?? '') ?? [];
  const name = (quotedName ?? plainName ?? '').split(/[\\/]/).at(-1) ?? '';
  const harmless = name.replaceAll(/[\p{Cc}\p{Cs}]/gu, '').slice(0, 200);
  return harmless === '' || /^\.+$/.test(harmless) ? null : harmless;
}

function taskOf(task: JsonValue): readonly DiscoveredItem[] {
  if (!isJsonObject(task) || typeof task['task_id'] !== 'string') return [];
  const changed = task['last_check_time'];
  const version = changed === undefined ? null : JSON.stringify(changed);
  // Covers the branch and incremental tasks too: a task that says the same has no new execution.
  return [
    {
      id: task['task_id'],
      version,
      keys: [],
      guess: null,
      isOver: true,
      raw: task,
    },
  ];
}

function jobOf(job: JsonValue): readonly DiscoveredItem[] {
  if (!isJsonObject(job)) return [];
  const id = ['job_id', 'jobId', 'id']
    .map((key) => job[key])
    .find((value) => typeof value === 'string');
  const keys = subJobIdsIn(job);
  const status = job['status'];
  // `quering` (as the page spells it) and running go on; an unknown status is taken for an end, or its logs would be missed.
  const isOver = typeof status !== 'string' || !/^(?:quer|run|exec)/i.test(status);
  const guess = keys.length === 0 && typeof id === 'string' && isSubJobId(id) ? id : null;
  return [{ id: typeof id === 'string' ? id : '', version: null, keys, guess, isOver, raw: job }];
}

function listIn(value: JsonValue, places: readonly string[]): readonly JsonValue[] | null {
  if (!isJsonObject(value)) return null;
  for (const place of places) {
    const list: JsonValue | undefined = value[place];
    if (Array.isArray(list)) return list as readonly JsonValue[];
  }
  return null;
}

function totalIn(value: JsonValue): number | null {
  const total: JsonValue = isJsonObject(value) ? (totalField(value) ?? null) : null;
  return typeof total === 'number' && Number.isSafeInteger(total) && total >= 0 ? total : null;
}

function totalField(value: JsonObject): JsonValue | undefined {
  return value['total'] ?? value['total_count'];
}
