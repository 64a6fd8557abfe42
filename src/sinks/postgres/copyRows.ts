import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** A field of COPY's text format: null, or the text of its value. */
export type CopyField = string | number | boolean | null;

/**
 * Writes rows by COPY, the fastest way in (77,000 rows/s against 50,000 by jsonb_to_recordset, reference/stack.md).
 * @param statement `copy table (columns) from stdin`, a constant
 * @param rows one field for each of its columns
 */
export async function copyRows(
  client: pg.PoolClient,
  statement: string,
  rows: readonly (readonly CopyField[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const bytes = Buffer.from(copyText(rows));
  const stream = client.query(copyFrom(statement));
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('finish', resolve);
    stream.end(bytes);
  });
}

/** Rows in COPY's text format. */
export function copyText(rows: readonly (readonly CopyField[])[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const field of row) {
      text += separator;
      text += fieldText(field);
      separator = '\t';
    }
    text += '\n';
  }
  return text;
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
