import { withholdInText } from '../../domain/links.ts';
import { readRowTime } from '../../domain/rowTime.ts';
import { storableText } from '../../domain/storable.ts';
import { ExportRefused } from '../../engine/filePort.ts';
import { csvRecords, type CsvFault, type CsvRecord } from './csvRecords.ts';
import type { Built, RowFormat } from './rowFormat.ts';

interface Header {
  readonly columns: number;
  /**
   * The JSON text of a row in pieces: what stands before a value, the value, and so on. The values are written over from row to row;
   * an array for each row would be a fifth of all garbage.
   */
  readonly pieces: string[];
  /** Which column holds the time; -1 for none. */
  readonly timeAt: number;
}

/** Every row is stored with all the names: a long header before short records would fill the database. */
const headerCharactersMax = 256 * 1024;

/** Rows of a CSV file: the first record is the header, each further one an object of texts. */
export function csvRows(timeField: string): RowFormat<CsvRecord> {
  let header: Header | null = null;
  let hasBlankStart = false;
  return {
    records: csvRecords,
    isRow: (text, record) => {
      const isBlank = record.end === record.start;
      if (header !== null) return !isBlank || header.columns === 1;
      if (isBlank) {
        hasBlankStart = true;
        return false;
      }
      if (hasBlankStart) throw noHeader('it is blank');
      if (record.fault !== null) throw noHeader(messages[record.fault]);
      if (record.end - record.start > headerCharactersMax) {
        throw noHeader(`it is longer than ${headerCharactersMax} characters`);
      }
      header = headerOf(fieldsOf(text, record), timeField);
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
  // Goes on where the last one of the name ended: a line of commas would take hours otherwise.
  const nextNumbers = new Map<string, number>();
  for (const field of fields) {
    const name = storableText(withholdInText(field));
    let free = name;
    let number = nextNumbers.get(name) ?? 2;
    for (; taken.has(free); number += 1) free = `${name} (${number})`;
    nextNumbers.set(name, number);
    taken.add(free);
    names.push(free);
  }
  const pieces = names.flatMap((name, at) => [
    `${at === 0 ? '{' : '",'}${JSON.stringify(name)}:"`,
    '',
  ]);
  return { columns: names.length, pieces: [...pieces, '"}'], timeAt: names.indexOf(timeField) };
}

function fieldsOf(text: string, { start, end, quotedFields }: CsvRecord): readonly string[] {
  return quotedFields ?? text.slice(start, end).split(',');
}

function rowOf(text: string, record: CsvRecord, { columns, pieces, timeAt }: Header): Built {
  const { fault } = record;
  if (fault !== null) return { kind: 'bad', reason: fault, message: messages[fault] };
  const fields = fieldsOf(text, record);
  if (fields.length !== columns) {
    const message = `it has ${fields.length} fields, and the header ${columns}`;
    return { kind: 'bad', reason: 'ragged', message };
  }
  const whole = text.slice(record.start, record.end);
  // What would be withheld in a field is so in the whole record: a link goes on behind a comma, and ends at quotes.
  const isPlain = !NEEDS_ESCAPE.test(whole) && withholdInText(whole) === whole;
  // Joined, not added up: half the time, and no long chains of pieces to collect afterwards.
  for (let at = 0; at < columns; at += 1) {
    const field = fields[at] ?? '';
    pieces[2 * at + 1] = isPlain ? field : jsonCharacters(withholdInText(field));
  }
  return { kind: 'row', content: pieces.join(''), loggedAtMs: readRowTime(fields[timeAt]) };
}

/** What JSON text cannot hold as it is. Halves of surrogate pairs do not come out of UTF-8. */
// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /["\\\x00-\x1f]/;

/** As they stand between the quotes of a JSON text. */
function jsonCharacters(value: string): string {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(storableText(value)).slice(1, -1) : value;
}
