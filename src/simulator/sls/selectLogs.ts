import type { LogColumn, LogFields, LogQuery } from './logQuery.ts';

/** The rows that the query selects of these, its time range apart; made as they are taken. */
export function selectLogs(query: LogQuery, rows: Iterable<LogFields>): Iterable<LogFields> {
  return limited(selected(query, rows), query.limit);
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
