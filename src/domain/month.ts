// Data in, data out: months of UTC.

/** The first moment of the month that `timeMs` lies in. Epoch milliseconds. */
export function monthStartMs(timeMs: number): number {
  return monthAt(timeMs, 0);
}

/** The first moment of the month after the one that `timeMs` lies in. */
export function nextMonthMs(timeMs: number): number {
  return monthAt(timeMs, 1);
}

/** Not Date.UTC(year, month): it takes the years 0 to 99 for 1900 to 1999. */
function monthAt(timeMs: number, monthsLater: number): number {
  const date = new Date(timeMs);
  date.setUTCDate(1);
  date.setUTCHours(0, 0, 0, 0);
  return date.setUTCMonth(date.getUTCMonth() + monthsLater);
}
