import type { Answer } from '../answer.ts';
import { parameterInvalid, slsError } from '../answer.ts';
import type { SlsApi } from './call.ts';
import type { LogFields } from './logQuery.ts';
import { readLogQuery } from './logQuery.ts';
import { selectLogs } from './selectLogs.ts';

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
    const rows = selectLogs(query, reading.rows);
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

function whereOf(text: string): string {
  return text
    .replace(/^[^]*?\bWHERE\b/i, '')
    .replaceAll(/[\r\n]/g, ' ')
    .trim()
    .slice(0, 2_000);
}
