import type { LogFields } from './logQuery.ts';
import { readLogQuery } from './logQuery.ts';
import { selectLogs } from './selectLogs.ts';

const SELECT =
  /^select\s+([^]+?)(?:\s+from\s+log)?(?:\s+where\s+([^]+?))?(\s+group\s+by\s+[^]+?)?(?:\s+limit\s+(\d+))?$/i;
const LIMIT_MAX = 1_000_000;

/**
 * The entries that a job's query selects: `*` or `field: value and ...`, then a SELECT behind a bar as far as the SQL of
 * GetProjectLogs is read here. What cannot be read selects everything.
 */
export function exported(query: string, entries: Iterable<LogFields>): Iterable<LogFields> {
  const bar = query.indexOf('|');
  const search = bar < 0 ? query : query.slice(0, bar);
  const matches = searchOf(search.trim());
  const sql = bar < 0 ? null : sqlOf(query.slice(bar + 1).trim());
  if (matches === null || (bar >= 0 && sql === null)) return entries;
  const found = filtered(entries, matches);
  return sql === null ? found : selectLogs(sql, found);
}

/** @returns null when it cannot be read */
function searchOf(search: string): ((row: LogFields) => boolean) | null {
  if (search === '' || search === '*') return () => true;
  const terms: (readonly [field: string, value: string])[] = [];
  for (const term of search.split(/\s+and\s+/i)) {
    if (term === '*') continue;
    const [, field, quoted, plain] =
      /^([A-Za-z_][\w.]*)\s*:\s*(?:"([^"]*)"|([^\s"()*?:]+))$/.exec(term) ?? [];
    if (field === undefined) return null;
    terms.push([field, quoted ?? plain ?? '']);
  }
  return (row) => terms.every(([field, value]) => row[field] === value);
}

function sqlOf(text: string): Exclude<ReturnType<typeof readLogQuery>, string> | null {
  const [, columns, where, groupBy = '', limit = String(LIMIT_MAX)] = SELECT.exec(text) ?? [];
  if (columns === undefined) return null;
  const condition = where === undefined ? '' : ` and (${where})`;
  // The range of time was applied before.
  const query = readLogQuery(
    `select ${columns} from log where __time__ >= 0 and __time__ < 9999999999${condition}${groupBy} limit ${limit}`,
  );
  return typeof query === 'string' ? null : query;
}

function* filtered(
  entries: Iterable<LogFields>,
  matches: (row: LogFields) => boolean,
): Generator<LogFields> {
  for (const row of entries) if (matches(row)) yield row;
}
