// Data in, data out. What a line of a text log says of itself: when, and how bad.

export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLineFacts {
  /** Epoch milliseconds; null when the line begins with no time, or with one whose zone nobody knows. */
  readonly loggedAtMs: number | null;
  readonly level: LogLevel | null;
}

/**
 * Reads the time a line begins with and the level that follows it or begins the line. A time without a zone is taken as
 * `utcOffsetMinutes` east of UTC, and as unknown where that is null: it is never taken for UTC.
 */
export function readLogLine(line: string, utcOffsetMinutes: number | null): LogLineFacts {
  const time = TIME.exec(line);
  return {
    loggedAtMs: time === null ? null : timeOf(time, utcOffsetMinutes),
    level: levelIn(line.slice(time?.[0].length ?? 0, LEVEL_WITHIN + (time?.[0].length ?? 0))),
  };
}

/**
 * `2026-11-22 13:19:07`, with `T`, slashes, a fraction behind a point or comma, and a zone (`Z`, `UTC`, `+08:00`, `+0800`);
 * in brackets or not. Groups: year, month, day, hour, minute, second, fraction, zone.
 */
const TIME =
  /^\s{0,8}\[?(\d{4})([-/])(\d\d)\2(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?(?![\d:])\]?/;

function timeOf(found: RegExpExecArray, utcOffsetMinutes: number | null): number | null {
  const [, year, , month, day, hour, minute, second, fraction, zone] = found;
  const offsetMinutes = zone === undefined ? utcOffsetMinutes : offsetOf(zone);
  if (offsetMinutes === null) return null;
  const [y, mo, d] = [Number(year), Number(month), Number(day)];
  const [h, mi, s] = [Number(hour), Number(minute), Number(second)];
  if (y === 0 || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo)) return null;
  if (h > 23 || mi > 59 || s > 59) return null;
  const ms = fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3));
  const atMs =
    y >= 100
      ? Date.UTC(y, mo - 1, d, h, mi, s, ms)
      : // Date.UTC takes years below 100 for those of the twentieth century.
        new Date(Date.UTC(2000, mo - 1, d, h, mi, s, ms)).setUTCFullYear(y);
  return atMs - offsetMinutes * 60_000;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** @returns null for an offset that no place on earth has */
function offsetOf(zone: string): number | null {
  if (zone === 'Z' || zone === 'UTC') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  const offset = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || offset > 14 * 60) return null;
  return sign === '-' ? -offset : offset;
}

/** Reads `+08:00` as minutes east of UTC; null when the text is not an offset. */
export function parseUtcOffset(text: string): number | null {
  return /^(?:Z|[+-]\d\d:\d\d)$/.test(text) ? offsetOf(text) : null;
}

/** A level stands in front of the message: thread, logger and the like come before it at most. Characters, words. */
const LEVEL_WITHIN = 96;
const LEVEL_WORDS = 4;

function levelIn(head: string): LogLevel | null {
  let words = 0;
  for (const word of head.split(/[\s|]+/, LEVEL_WORDS + 2)) {
    if (word === '') continue;
    if (words === LEVEL_WORDS) return null;
    words += 1;
    const level = levelOf(word);
    if (level !== null) return level;
  }
  return null;
}

/** Upper case as it is (`ERROR`, `ERROR:`), any case where it is marked: `[error]`, `<warn>`, `level=info`. */
function levelOf(word: string): LogLevel | null {
  const [, upper, marked, named] = LEVEL_WORD.exec(word) ?? [];
  const name = upper ?? marked ?? named;
  return name === undefined ? null : (LEVEL_NAMES.get(name.toUpperCase()) ?? null);
}

const LEVEL_WORD =
  /^(?:([A-Z]{4,8})[:,\-\]]?|[[<(]([A-Za-z]{4,8})[\])>]:?|(?:level|severity)="?([A-Za-z]{4,8})"?,?)$/;

const LEVEL_NAMES: ReadonlyMap<string, LogLevel> = new Map([
  ...LOG_LEVELS.map((level) => [level, level] as const),
  ['NOTICE', 'INFO'],
  ['WARNING', 'WARN'],
  ['SEVERE', 'ERROR'],
  ['CRITICAL', 'FATAL'],
]);
