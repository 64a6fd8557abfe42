import type pg from 'pg';
import { rowText } from '../rowText.ts';
import type { RowField } from '../rowText.ts';
import { inOneFlight } from './flight.ts';

/**
 * Writes lines by COPY, the fastest way in (measured: 77,000 rows/s against 50,000 by jsonb_to_recordset). No lines, no statement.
 * @param statement `copy table (columns) from stdin`, a constant
 * @param lines lines as copyLine makes them, one field for each of the columns
 */
export async function copyText(
  client: pg.PoolClient,
  statement: string,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  await inOneFlight(client, [{ text: statement, lines }]);
}

/** One row in COPY's text format, with its line end. */
export function copyLine(row: readonly RowField[]): string {
  return `${rowText(row)}\n`;
}
