import type { JsonValue } from './json.ts';

// Data in, data out. When a row of an exported file was logged.

/** A date and time with a zone; the minutes of the zone may stand without a colon. */
const ISO =
  /^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)\s*$/i;
const SECONDS = /^\s*\d{9,11}\s*$/;
const timeMinMs = Date.parse('0001-01-01T00:00:00.000Z');
const timeMaxMs = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Reads unix seconds (9 to 11 digits, number or text), or ISO 8601 with a zone, as epoch milliseconds; fractions beyond milliseconds are
 * cut off. @returns null for anything else, for a day that does not exist, and outside of the years 1 to 9999
 */
export function readRowTime(value: JsonValue | undefined): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? readRowTime(String(value)) : null;
  if (typeof value !== 'string') return null;
  if (SECONDS.test(value)) return Number(value) * 1000;
  const [, date, minutes, seconds = ':00', fraction = '', zone] = ISO.exec(value) ?? [];
  if (date === undefined || minutes === undefined || zone === undefined) return null;
  const local = `${date}T${minutes}${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}`;
  const localMs = Date.parse(`${local}Z`);
  // The 31st of February is read as the 3rd of March: such a day is no day. Nor is hour 24 of this one.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(date)) return null;
  const atMs = Date.parse(local + colonised(zone));
  return atMs >= timeMinMs && atMs <= timeMaxMs ? atMs : null;
}

function colonised(zone: string): string {
  if (zone === 'z' || zone === 'Z') return 'Z';
  return zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
}
