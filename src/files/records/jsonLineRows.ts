import { withholdInText, withholdLinks } from '../../domain/links.ts';
import { readRowTime } from '../../domain/rowTime.ts';
import { JSON_DEPTH_MAX, JsonError, parseJson } from '../../http/json.ts';
import { jsonText } from '../../sinks/jsonText.ts';
import { jsonLines } from './jsonLines.ts';
import type { RecordSpan } from './recordFormat.ts';
import type { Built, RowFormat } from './rowFormat.ts';

/** Rows of a file of JSON lines: each line an object. */
export function jsonLineRows(timeField: string): RowFormat<RecordSpan> {
  return {
    records: jsonLines,
    isRow: (text, { start, end }) => !isBlank(text, start, end),
    noteBad: () => undefined,
    build: (text, { start, end }) => rowOf(text.slice(start, end), timeField),
  };
}

const [TAB, CR, SPACE] = [9, 13, 32];

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign !== SPACE && sign !== TAB && sign !== CR) return false;
  }
  return true;
}

function rowOf(line: string, timeField: string): Built {
  let value: unknown;
  try {
    value = parsed(line);
  } catch (error) {
    const isTooDeep = error instanceof JsonError && error.fault === 'too_deep';
    return isTooDeep
      ? { kind: 'bad', reason: 'too_deep', message: error.message }
      : { kind: 'bad', reason: 'not_json', message: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'bad', reason: 'not_an_object', message: 'it is JSON, but no object' };
  }
  const time: unknown = Object.hasOwn(value, timeField) ? Reflect.get(value, timeField) : null;
  const loggedAtMs =
    typeof time === 'string' || typeof time === 'number' ? readRowTime(time) : null;
  return { kind: 'row', content: contentOf(line, value), loggedAtMs };
}

/** Only what may be too deep is looked at by the slow parser. */
function parsed(line: string): unknown {
  return holdsManyContainers(line) ? parseJson(line) : JSON.parse(line);
}

/** True for all that is nested deeper than allowed, and for a few that are wide. */
function holdsManyContainers(line: string): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = line.indexOf(bracket); at !== -1; at = line.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > JSON_DEPTH_MAX) return true;
    }
  }
  return false;
}

/** The line itself wherever jsonb can hold it: no digit of a number is touched, and nothing is written anew. */
function contentOf(line: string, value: object): string {
  if (mayHoldHugeNumber(line) || holdsLink(line, value)) {
    return jsonText(withholdLinks(parseJson(line)));
  }
  return line.includes('\\u') ? line.replaceAll(ESCAPE, storableEscape) : line;
}

/** Of more than 1,000 digits, written out: jsonb ends at 131,072, and refuses the whole batch beyond. */
function mayHoldHugeNumber(line: string): boolean {
  return HUGE_EXPONENT.test(line) || (line.length > 1000 && MANY_DIGITS.test(line));
}

const HUGE_EXPONENT = /\d[eE][+-]?\d{4}/;
const MANY_DIGITS = /(?<!\d)\d{1000}/;

/** Looks at the line as it would be without escapes for signs that need none: `\u003f` is a question mark. */
function holdsLink(line: string, value: object): boolean {
  const hasEscapes = line.includes('\\u00');
  if (!hasEscapes && !line.includes('?')) return false;
  const plain = hasEscapes ? JSON.stringify(value) : line;
  return withholdInText(plain) !== plain;
}

/** One escape, or the two of a surrogate pair. Finds them in order, so that a backslash that is escaped itself begins none. */
const ESCAPE = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\[^u]/g;
const UNSTORABLE = /^\\u(?:0000|[dD][89a-fA-F][\da-fA-F]{2})$/;

/** No database text can hold a NUL character or half of a surrogate pair. */
function storableEscape(escape: string): string {
  return UNSTORABLE.test(escape) ? '\\ufffd' : escape;
}
