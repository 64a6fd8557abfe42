import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { rowText } from '../rowText.ts';
import type { RowField } from '../rowText.ts';

/**
 * Writes lines by COPY, the fastest way in (measured: 77,000 rows/s against 50,000 by jsonb_to_recordset). No lines, no statement.
 * @param statement `copy table (columns) from stdin`, a constant
 * @param text lines as copyLine makes them, one field for each of the columns
 */
export async function copyText(
  client: pg.PoolClient,
  statement: string,
  text: string,
): Promise<void> {
  if (text === '') return;
  const stream = client.query(copyFrom(statement));
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('finish', resolve);
    stream.end(Buffer.from(text));
  });
}

/** One row in COPY's text format, with its line end. */
export function copyLine(row: readonly RowField[]): string {
  return `${rowText(row)}\n`;
}
