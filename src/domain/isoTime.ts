/** UTC with seconds; OOS prints a stray colon after the T at times (API page ListExecutionLogs, 23 March 2026). */
const pattern = /^\s*(\d{4})-(\d\d)-(\d\d)T:?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z\s*$/;

/**
 * Reads `2019-05-24T02:29:07Z` and the malformed `2019-05-24T:02:29:07Z` as epoch milliseconds; fractions beyond milliseconds are
 * cut off. @returns null for anything else, also for a day or hour that does not exist
 */
export function parseIsoTime(text: string): number | null {
  const [, year, month, day, hour, minute, second, fraction = ''] = pattern.exec(text) ?? [];
  if (year === undefined) return null;
  const date = `${year}-${month ?? ''}-${day ?? ''}`;
  const timeMs = Date.parse(
    `${date}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}.${fraction.padEnd(3, '0').slice(0, 3)}Z`,
  );
  if (Number.isNaN(timeMs)) return null;
  // The 31st of February is read as the 3rd of March: such a day is no day.
  return new Date(timeMs).toISOString().startsWith(date) ? timeMs : null;
}
