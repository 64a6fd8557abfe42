import type { Answer } from '../answer.ts';
import { parameterInvalid, slsError } from '../answer.ts';
import type { SlsApi } from './call.ts';
import type { LogColumn, LogFields, LogQuery } from './logQuery.ts';
import { readLogQuery } from './logQuery.ts';

/** Above this many rows an answer is sent as it is made, in pieces. */
const WHOLE_ROWS_MAX = 5_000;
const PIECE_CHARACTERS = 256 * 1024;
/** What this machinery would take for a row, in the answer's own account of itself. */
const ROWS_PER_MS = 5_000;

/** GET /logs?query=SQL, with or without the last slash. Source: API page GetProjectLogs; a bare array of texts, as the SDKs read it. */
export const getProjectLogs: SlsApi = {
  name: 'GetProjectLogs',
  method: 'GET',
  path: /^\/logs\/?$/,
  answer: (call) => {
    const text = call.request.query.get('query');
    if (text === undefined) return parameterInvalid('query is required');
    const query = readLogQuery(text);
    if (typeof query === 'string') return parameterInvalid(query);
    const store = call.project.logs.get(query.logstore);
    if (store === undefined) {
      return slsError(404, 'LogStoreNotExist', `logstore ${query.logstore} does not exist`);
    }
    const reading = store.read(query, { text, nowMs: call.at.nowMs, request: call.at.request });
    const rows = limited(selected(query, reading.rows), query.limit);
    const headers = (count: number | null) => ({
      ...(reading.progress === null ? {} : { 'x-log-progress': reading.progress }),
      ...(count === null ? {} : { 'x-log-count': String(count) }),
      'x-log-processed-rows': String(reading.processedRows),
      'x-log-elapsed-millisecond': String(Math.ceil(reading.processedRows / ROWS_PER_MS)),
      'x-log-has-sql': 'true',
      // The service repeats the statement, as it came: in UTF-8.
      'x-log-where-query': Buffer.from(whereOf(text), 'utf8').toString('latin1'),
    });
    return answerOf(rows, headers);
  },
};

function answerOf(
  rows: Iterable<LogFields>,
  headers: (count: number | null) => Readonly<Record<string, string>>,
): Answer {
  const first: LogFields[] = [];
  const iterator = rows[Symbol.iterator]();
  for (let next = iterator.next(); ; next = iterator.next()) {
    if (next.done === true) {
      return { status: 200, body: JSON.stringify(first), headers: headers(first.length) };
    }
    first.push(next.value);
    if (first.length >= WHOLE_ROWS_MAX) break;
  }
  return { status: 200, body: '', pieces: pieces(first, iterator), headers: headers(null) };
}

function* pieces(first: readonly LogFields[], rest: Iterator<LogFields>): Generator<Buffer> {
  let text = JSON.stringify(first).slice(0, -1);
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    text += `,${JSON.stringify(next.value)}`;
    if (text.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}]`);
}

function* limited(rows: Iterable<LogFields>, limit: number): Generator<LogFields> {
  let left = limit;
  if (left === 0) return;
  for (const row of rows) {
    yield row;
    left -= 1;
    if (left === 0) return;
  }
}

function* selected(query: LogQuery, rows: Iterable<LogFields>): Generator<LogFields> {
  const { columns, matches, groupBy } = query;
  const isGrouped = groupBy.length > 0 || columns?.some(({ field }) => field === null) === true;
  if (isGrouped) {
    yield* grouped(query, rows);
    return;
  }
  for (const row of rows) {
    if (matches !== null && !matches(row)) continue;
    yield columns === null ? row : only(row, columns);
  }
}

/** A field that the row has not is the text `null`, as the service has it. */
function only(row: LogFields, columns: readonly LogColumn[]): LogFields {
  return Object.fromEntries(columns.map(({ field, name }) => [name, row[field ?? ''] ?? 'null']));
}

function* grouped(
  { columns, matches, groupBy }: LogQuery,
  rows: Iterable<LogFields>,
): Generator<LogFields> {
  const groups = new Map<string, { readonly row: LogFields; count: number }>();
  if (groupBy.length === 0) groups.set('', { row: {}, count: 0 });
  for (const row of rows) {
    if (matches !== null && !matches(row)) continue;
    const key = JSON.stringify(groupBy.map((name) => row[name] ?? 'null'));
    const group = groups.get(groupBy.length === 0 ? '' : key);
    if (group === undefined) groups.set(key, { row, count: 1 });
    else group.count += 1;
  }
  for (const { row, count } of groups.values()) {
    yield Object.fromEntries(
      (columns ?? []).map(({ field, name }) => [
        name,
        field === null ? String(count) : (row[field] ?? 'null'),
      ]),
    );
  }
}

function whereOf(text: string): string {
  return text
    .replace(/^[^]*?\bWHERE\b/i, '')
    .replaceAll(/[\r\n]/g, ' ')
    .trim()
    .slice(0, 2_000);
}
