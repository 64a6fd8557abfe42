import type { RecordFormat, RecordSkipper, RecordSpan } from './recordFormat.ts';

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;

export interface CsvRecord extends RecordSpan {
  /** null: it holds no quote, and its fields stand between its commas. Split only when they are needed: hundreds of records are found at once. */
  readonly quotedFields: readonly string[] | null;
  readonly fault: CsvFault | null;
}

/** stray_quote: text behind a closing quote. unterminated_quote: the file ends inside quotes. */
export type CsvFault = 'stray_quote' | 'unterminated_quote';

/**
 * CSV as RFC 4180 has it; LF ends a record too, and a quote inside an unquoted field is a character like others.
 * Text behind a closing quote runs to the next comma or line end.
 */
export const csvRecords: RecordFormat<CsvRecord> = {
  find: (text, isLast) => {
    const records: CsvRecord[] = [];
    let start = 0;
    let quoteAt = text.indexOf('"');
    while (start < text.length) {
      const lineEnd = text.indexOf('\n', start);
      if (lineEnd === -1 && !isLast) break;
      const to = lineEnd === -1 ? text.length : lineEnd;
      if (quoteAt !== -1 && quoteAt < start) quoteAt = text.indexOf('"', start);
      if (quoteAt === -1 || quoteAt >= to) {
        const end = withoutCr(text, start, to);
        records.push({ start, end, lines: 1, quotedFields: null, fault: null });
        start = to + 1;
      } else {
        const record = recordWithQuotes(text, start, isLast);
        if (record === null) break;
        records.push(record);
        start = behindLineEnd(text, record.end);
      }
    }
    return { records, consumed: Math.min(start, text.length) };
  },
  createSkipper,
};

function withoutCr(text: string, start: number, end: number): number {
  return end > start && text.charCodeAt(end - 1) === CR ? end - 1 : end;
}

function behindLineEnd(text: string, end: number): number {
  return text.charCodeAt(end) === CR ? end + 2 : end + 1;
}

/** null when the record's end has not come yet. */
function recordWithQuotes(text: string, start: number, isLast: boolean): CsvRecord | null {
  const fields: string[] = [];
  let fault: CsvFault | null = null;
  let lineEnds = 0;
  let at = start;
  for (;;) {
    const isQuoted = text.charCodeAt(at) === QUOTE;
    if (isQuoted) {
      const closing = closingQuote(text, at + 1);
      if (closing === -1) {
        if (!isLast) return null;
        const { length: end } = text;
        lineEnds += countLineEnds(text, at, end);
        fields.push(text.slice(at + 1));
        fault ??= 'unterminated_quote';
        return { start, end, lines: lineEnds + 1, quotedFields: fields, fault };
      }
      const quoted = text.slice(at + 1, closing);
      lineEnds += countLineEnds(text, at, closing);
      fields.push(quoted.includes('"') ? quoted.replaceAll('""', '"') : quoted);
      at = closing + 1;
    }
    const end = fieldEnd(text, at);
    const isLastField = end === text.length || text.charCodeAt(end) === LF;
    const contentEnd = isLastField ? withoutCr(text, at, end) : end;
    if (!isQuoted) fields.push(text.slice(at, contentEnd));
    else if (contentEnd > at) fault ??= 'stray_quote';
    if (isLastField) {
      return { start, end: contentEnd, lines: lineEnds + 1, quotedFields: fields, fault };
    }
    at = end + 1;
  }
}

/** The quote that is not doubled; -1 when the text ends first. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2);
  return at;
}

/** The comma or line end, or the end of the text. */
function fieldEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === COMMA || sign === LF) return at;
  }
  return at;
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) {
    count += 1;
  }
  return count;
}

/** The same rules as above, over bytes, for a record of which nothing is kept. */
function createSkipper(): RecordSkipper {
  let place: 'field_start' | 'unquoted' | 'quoted' | 'behind_quote' = 'field_start';
  return (piece) => {
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at];
      if (place === 'quoted') {
        at = piece.indexOf(QUOTE, at);
        if (at === -1) return -1;
        place = 'behind_quote';
      } else if (byte === LF) return at + 1;
      else if (byte === COMMA) place = 'field_start';
      else if (byte === QUOTE && place !== 'unquoted') place = 'quoted';
      else place = 'unquoted';
    }
    return -1;
  };
}
