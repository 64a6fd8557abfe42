// Data in, data out: the ranges of time that a scheduled export orders.

/** [fromMs, toMs), whole seconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface WindowSchedule {
  /** A divisor of a day, or whole days. */
  readonly everyMs: number;
  /** Nothing before it is ordered. Whole seconds. */
  readonly startMs: number;
  /** East of UTC. Windows begin at midnight there, and at even parts of the day. */
  readonly utcOffsetMinutes: number;
  /** How long after its end a window is due. */
  readonly settleMs: number;
}

const dayMs = 86_400_000;

/** True for a length that fills days without a rest, or is made of days. */
export function isWindowLength(everyMs: number): boolean {
  return everyMs > 0 && (dayMs % everyMs === 0 || everyMs % dayMs === 0);
}

/**
 * The oldest windows that are due and have not been ordered: `limit` of them at most, in order. Together with what is ordered they
 * cover everything from the start to the end of the last due window once, also where windows had another length before.
 * Windows of several days are counted from the day of the start.
 * @param ordered.ranges in any order, may touch and overlap
 */
export function dueWindows(
  schedule: WindowSchedule,
  ordered: { readonly ranges: readonly TimeRange[]; readonly limit: number },
  nowMs: number,
): readonly TimeRange[] {
  const { everyMs, startMs, settleMs } = schedule;
  const offsetMs = schedule.utcOffsetMinutes * 60_000;
  const midnightMs = Math.floor((startMs + offsetMs) / dayMs) * dayMs - offsetMs;
  const ranges = ordered.ranges.toSorted((a, b) => a.fromMs - b.fromMs);
  const due: TimeRange[] = [];
  let coveredToMs = startMs;
  let next = 0;
  let atMs = midnightMs + Math.floor((startMs - midnightMs) / everyMs) * everyMs;
  for (; atMs + everyMs + settleMs <= nowMs; atMs += everyMs) {
    const toMs = atMs + everyMs;
    // What is ordered cuts the window; each part that is left is one of its own.
    for (let range = ranges[next]; range !== undefined && range.fromMs < toMs;) {
      if (range.fromMs > coveredToMs) due.push({ fromMs: coveredToMs, toMs: range.fromMs });
      coveredToMs = Math.max(coveredToMs, range.toMs);
      range = ranges[(next += 1)];
    }
    if (coveredToMs < toMs) {
      due.push({ fromMs: coveredToMs, toMs });
      coveredToMs = toMs;
    }
    if (due.length >= ordered.limit) break;
  }
  return due.slice(0, ordered.limit);
}
