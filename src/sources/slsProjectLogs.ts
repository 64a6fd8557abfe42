import { z } from 'zod';
import type { EntryTable } from '../domain/column.ts';
import { sampleOf, wholeNumber } from '../domain/fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { withholdInText, withholdLinks } from '../domain/links.ts';
import { conditionFault, fillQuery, readQuery, sqlName, type SqlTemplate } from '../domain/sql.ts';
import { durationSchema } from './durationSchema.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import type { WindowSource } from './source.ts';
import type { RowReading } from './windowListing.ts';

/**
 * SLS GetProjectLogs: SQL over the logs of a project, read by windows of `__time__` (unix seconds). Never by `__date__`, whose
 * time zone is stated nowhere. Source: API page GetProjectLogs; limits: page "modify the number of rows" (November 2026).
 */
const rowsMax = 1_000_000;
/** SQL queries of one project at a time, without powerSql (page "query and analysis", November 2026). */
const concurrencyMax = 15;

const fields = {
  project: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, {
      error: 'a project name: 3 to 63 lower-case letters, digits and hyphens',
    })
    .describe('The SLS project whose logs are read.'),
  logstore: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('The Logstore to read from. Either this, or query.'),
  where: z
    .string()
    .optional()
    .describe(
      "Which logs of the Logstore, an SQL condition: level = 'ERROR'. The fields it uses need an index.",
    ),
  columns: z
    .array(z.string().min(1).max(256))
    .min(1)
    .optional()
    .describe('The fields to read besides time, source and topic. Left out: all.'),
  query: z
    .string()
    .optional()
    .describe(
      'A whole SQL query instead of logstore, where and columns, with :from and :to for the bounds of the window: SELECT * FROM app_log WHERE __time__ >= :from AND __time__ < :to',
    ),
  aggregate: z
    .boolean()
    .optional()
    .describe(
      'Whether the rows of the query are figures over the whole window, not log entries. Left out: when no column is called __time__. Their windows are never split, and each reading replaces the one before.',
    ),
  start: z.iso
    .datetime({ offset: true, error: 'must be a time: 2026-11-01T00:00:00Z' })
    .optional()
    .describe(
      'Logs from this time on are read. Left out: from one lookback before the first walk.',
    ),
  window: durationSchema('1s', '1d')
    .prefault('5m')
    .describe('Time range of one request, whole seconds.'),
  settle: durationSchema('0s', '1d')
    .prefault('3m')
    .describe('How long before now the last window ends: what is newer may still be incomplete.'),
  lookback: durationSchema('0s', '30d')
    .prefault('15m')
    .describe(
      'How much of what has been read is read again by the next walk: logs may come in this late.',
    ),
  limit: z
    .int()
    .min(1)
    .max(rowsMax)
    .default(100_000)
    .describe('Rows of one answer, 1 to 1,000,000. A window with more is split.'),
  concurrency: z
    .int()
    .min(1)
    .max(concurrencyMax)
    .default(4)
    .describe(
      'Requests to the project at a time, 1 to 15, together with the other streams of the process.',
    ),
  powerSql: z
    .boolean()
    .default(false)
    .describe('Whether to use Dedicated SQL, which is billed by CPU time.'),
  repeat: z
    .strictObject({
      tries: z.int().min(1).max(100).default(10).describe('Requests of one window at most.'),
      wait: durationSchema('0s', '1m')
        .prefault('500ms')
        .describe('Wait before the second request; doubles up to maxWait.'),
      maxWait: durationSchema('0s', '10m')
        .prefault('10s')
        .describe('Longest wait between two requests.'),
      time: durationSchema('0s', '1h')
        .prefault('5m')
        .describe('Time spent on repeats of one window and the parts it is split into.'),
    })
    .prefault({})
    .describe('How often an incomplete answer is asked for again. Each request is billed.'),
  retention: durationSchema('1d', '36500d')
    .optional()
    .describe(
      'How long the rows of this stream are kept, by their own time. Left out: for ever. Where all streams of a month are over it, the month is dropped at once.',
    ),
};

const streamSchema = z.strictObject(fields).transform((given, context) => {
  const issue = (key: string, message: string) => {
    context.addIssue({ code: 'custom', path: [key], message });
    return z.NEVER;
  };
  const { query, logstore, where, columns, ...rest } = given;
  if (given.retention !== undefined && given.retention < given.lookback + given.settle) {
    return issue(
      'retention',
      'must not be shorter than lookback and settle together: rows would be stored again',
    );
  }
  for (const key of ['window', 'settle', 'lookback'] as const) {
    if (given[key] % 1_000 !== 0)
      return issue(key, 'must be whole seconds: __time__ has no parts of them');
  }
  if (query === undefined && logstore === undefined) {
    return issue('logstore', 'name the Logstore, or give a whole query');
  }
  if (query !== undefined) {
    const beside = (['logstore', 'where', 'columns'] as const).find(
      (key) => given[key] !== undefined,
    );
    if (beside !== undefined) return issue(beside, 'stands beside query; put it into the query');
    const reading = readQuery(query);
    if (!reading.ok) return issue('query', `${reading.fault}; ${queryFix}`);
    const { template } = reading;
    return { ...rest, template, aggregate: given.aggregate ?? !template.hasTime };
  }
  if (where !== undefined) {
    const fault = conditionFault(where);
    if (fault !== null) return issue('where', fault);
  }
  if (given.aggregate === true) return issue('aggregate', 'needs a query of its own');
  return {
    ...rest,
    aggregate: false,
    template: simpleTemplate({ logstore: logstore ?? '', where, columns }),
  };
});

const queryFix =
  'a query names the bounds of the window: ... WHERE __time__ >= :from AND __time__ < :to AND (...)';

type Stream = z.output<typeof streamSchema>;

/** The bounds come first, so that nothing of the condition can open them. */
function simpleTemplate(simple: {
  readonly logstore: string;
  readonly where: string | undefined;
  readonly columns: readonly string[] | undefined;
}): SqlTemplate {
  const own = ['__time__', '__source__', '__topic__'];
  const list =
    simple.columns === undefined
      ? '*'
      : [...own, ...simple.columns.filter((name) => !own.includes(name)).map(sqlName)].join(', ');
  const condition = simple.where === undefined ? '' : ` AND (${simple.where.trim()})`;
  return {
    parts: [
      `SELECT ${list} FROM ${sqlName(simple.logstore)} WHERE __time__ >= `,
      ' AND __time__ < ',
      condition,
    ],
    places: ['from', 'to'],
    ownLimit: null,
    hasTime: true,
  };
}

const table: EntryTable = {
  name: 'project_logs',
  columns: {
    logged_at: { type: 'timestamptz' },
    source: { type: 'text' },
    topic: { type: 'text' },
    occurrence: { type: 'integer' },
    window_to: { type: 'timestamptz' },
  },
  document: 'content',
  monthly: true,
  snapshots: true,
};

export const slsProjectLogs: WindowSource<Stream> = {
  kind: 'windows',
  id: 'aliyun.sls.project_logs',
  provider: 'aliyun',
  product: 'sls',
  title: 'Logs of a Simple Log Service project, by SQL (GetProjectLogs).',
  streamSchema,
  table,
  settings: (stream) => ({
    startMs: stream.start === undefined ? null : Date.parse(stream.start),
    windowMs: stream.window,
    settleMs: stream.settle,
    lookbackMs: stream.lookback,
    aggregate: stream.aggregate,
    rowsMax: stream.template.ownLimit ?? stream.limit,
    // The LIMIT of an aggregate's own (the ten largest) is part of what is asked, not a bound that cuts it off.
    isFilledByLimit: !(stream.aggregate && stream.template.ownLimit !== null),
    atOnce: { group: `sls ${stream.project}`, max: stream.concurrency },
    repeat: {
      triesMax: stream.repeat.tries,
      waitMs: stream.repeat.wait,
      waitMaxMs: stream.repeat.maxWait,
      timeMaxMs: stream.repeat.time,
    },
    retentionMs: stream.retention ?? null,
  }),
  request: requestOf,
  facts: (headers) => ({
    isTold: headers['x-log-progress'] !== undefined,
    // A missing header says nothing, and nothing is not Complete.
    isComplete: headers['x-log-progress']?.trim().toLowerCase() === 'complete',
    reportedRows: countOf(headers['x-log-count']),
    processedRows: countOf(headers['x-log-processed-rows']),
    elapsedMs: countOf(headers['x-log-elapsed-millisecond']),
  }),
  readRow,
  probe: {
    // The last settled second: as little as can be asked for, and billed.
    request: (stream, nowMs) => {
      const toS = Math.floor((nowMs - stream.settle) / 1_000);
      return requestOf({ ...stream, limit: 1 }, { fromS: toS - 1, toS });
    },
    found: (body) => (Array.isArray(body) ? 'the query is answered' : null),
  },
};

function requestOf(stream: Stream, { fromS, toS }: { fromS: number; toS: number }): ApiRequest {
  return {
    product: 'sls',
    api: 'GetProjectLogs',
    method: 'GET',
    // Both official Node SDKs leave out the last slash that the API page prints.
    path: '/logs',
    query: {
      query: fillQuery(stream.template, { from: fromS, to: toS, limit: stream.limit }),
      ...(stream.powerSql ? { powerSql: 'true' } : {}),
    },
    project: stream.project,
  };
}

function countOf(header: string | undefined): number | null {
  return header !== undefined && /^\s*\d{1,15}\s*$/.test(header) ? Number(header) : null;
}

function readRow(row: JsonValue): RowReading {
  if (!isJsonObject(row)) return rejected('not_an_object', row);
  const time = row['__time__'];
  if (time === undefined) return { kind: 'timeless', row: kept(row, null) };
  const timeS = wholeNumber(time);
  if (timeS === null || timeS < 0 || timeS > secondsMax) return rejected('unreadable_time', row);
  return { kind: 'timed', timeS: Number(timeS), row: kept(row, Number(timeS) * 1_000) };
}

/** The last second of the year 9999. */
const secondsMax = 253_402_300_799;

function kept(row: JsonObject, loggedAtMs: number | null) {
  return {
    identity: row,
    columns: {
      logged_at: loggedAtMs,
      source: textOf(row['__source__']),
      topic: textOf(row['__topic__']),
    },
    raw: withholdLinks(row),
  };
}

function textOf(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? withholdInText(value) : sampleOf(value);
}

function rejected(reason: string, row: JsonValue): RowReading {
  return { kind: 'rejected', entry: { reason, raw: withholdLinks(row) } };
}
