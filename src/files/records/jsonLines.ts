import type { RecordFormat, RecordSpan } from './recordFormat.ts';

const LF = 10;
const CR = 13;

/** JSON lines: a record is a line. Blank ones are left out when rows are made. */
export const jsonLines: RecordFormat<RecordSpan> = {
  find: (text, isLast) => {
    const records: RecordSpan[] = [];
    let start = 0;
    while (start < text.length) {
      const lineEnd = text.indexOf('\n', start);
      if (lineEnd === -1 && !isLast) break;
      const to = lineEnd === -1 ? text.length : lineEnd;
      const end = to > start && text.charCodeAt(to - 1) === CR ? to - 1 : to;
      records.push({ start, end, lines: 1 });
      start = to + 1;
    }
    return { records, consumed: Math.min(start, text.length) };
  },
  createSkipper: () => (piece) => piece.indexOf(LF) + 1 || -1,
};
