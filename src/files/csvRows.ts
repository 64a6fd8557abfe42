import { withholdInText } from '../domain/links.ts';
import { readRowTime } from '../domain/rowTime.ts';
import { storableText } from '../domain/storable.ts';
import { ExportRefused } from '../engine/filePort.ts';
import { csvRecords, type CsvFault, type CsvRecord } from './csvRecords.ts';
import type { Built, RowFormat } from './rowFormat.ts';

interface Header {
  /** JSON text of each name with the colon behind it. */
  readonly keys: readonly string[];
  /** Which column holds the time; -1 for none. */
  readonly timeAt: number;
}

/** Rows of a CSV file: the first record is the header, each further one an object of texts. */
export function csvRows(timeField: string): RowFormat<CsvRecord> {
  let header: Header | null = null;
  let hasBlankStart = false;
  return {
    records: csvRecords,
    isRow: (_, record) => {
      const isBlank = record.end === record.start;
      if (header !== null) return !isBlank || header.keys.length === 1;
      if (isBlank) {
        hasBlankStart = true;
        return false;
      }
      if (hasBlankStart) throw noHeader('it is blank');
      if (record.fault !== null) throw noHeader(messages[record.fault]);
      header = headerOf(record.fields, timeField);
      return false;
    },
    noteBad: (message) => {
      if (header === null) throw noHeader(message);
    },
    build: (text, record) => {
      if (header === null) throw new Error('a row was asked for before its header');
      return rowOf(text, record, header);
    },
  };
}

function noHeader(why: string): ExportRefused {
  return new ExportRefused('no_header', `the first line of the file is no header: ${why}`);
}

const messages: Readonly<Record<CsvFault, string>> = {
  stray_quote: 'text stands behind a closing quote',
  unterminated_quote: 'the file ends inside quotes',
};

function headerOf(fields: readonly string[], timeField: string): Header {
  const names: string[] = [];
  const taken = new Set<string>();
  for (const field of fields) {
    const name = storableText(withholdInText(field));
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
    taken.add(free);
    names.push(free);
  }
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  return { keys, timeAt: names.indexOf(timeField) };
}

function rowOf(
  text: string,
  { start, end, fields, fault }: CsvRecord,
  { keys, timeAt }: Header,
): Built {
  if (fault !== null) return { kind: 'bad', reason: fault, message: messages[fault] };
  if (fields.length !== keys.length) {
    const message = `it has ${fields.length} fields, and the header ${keys.length}`;
    return { kind: 'bad', reason: 'ragged', message };
  }
  const whole = text.slice(start, end);
  const values = whole.includes('?') ? fields.map(withholdInText) : fields;
  // Joined, not added up: half the time, and no long chains of pieces to collect afterwards.
  const parts = NEEDS_ESCAPE.test(whole)
    ? values.map((value, at) => (keys[at] ?? '') + jsonString(value))
    : values.map((value, at) => `${keys[at] ?? ''}"${value}"`);
  const content = `{${parts.join(',')}}`;
  return { kind: 'row', content, loggedAtMs: readRowTime(fields[timeAt]) };
}

/** What JSON text cannot hold as it is. Halves of surrogate pairs do not come out of UTF-8. */
// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /["\\\x00-\x1f]/;

function jsonString(value: string): string {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(storableText(value)) : `"${value}"`;
}
