// Data in, data out: which windows of time are still to be read, and what is known of those that were.

/** A range of `__time__`, [from, to), in whole unix seconds; from < to. */
export interface Window {
  readonly fromS: number;
  readonly toS: number;
}

/** A window that could not be read whole. It is tried again, later and later. */
export interface Gap extends Window {
  readonly reason: GapReason;
  /** How often it was tried, >= 1. */
  readonly tries: number;
  readonly nextTryAtMs: number;
}

/** `window_incomplete`: the service never said Complete. `limit_filled`: more rows than one answer may hold, in one second. */
export const GAP_REASONS = ['window_incomplete', 'limit_filled'] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** Where the reading of a stream by windows stands. Everything from `startS` to `readToS` has been read, but for the gaps. */
export interface WindowState {
  readonly startS: number;
  readonly readToS: number;
  /** Read already beyond `readToS`, in order, neither touching each other nor `readToS`: windows end in any order. */
  readonly ahead: readonly Window[];
  /** In order, not overlapping. */
  readonly gaps: readonly Gap[];
}

/** A stream of which nothing has been read. */
export function windowStart(startS: number): WindowState {
  return { startS, readToS: startS, ahead: [], gaps: [] };
}

export interface WindowPlan {
  /** Length of a window, seconds >= 1. */
  readonly windowS: number;
  /** How far before what has been read reading begins again, seconds >= 0: rows that came late are found there. */
  readonly lookbackS: number;
  /** Where reading ends: nothing at or after it is settled. */
  readonly untilS: number;
  /** Whether windows must be whole multiples of `windowS`: an aggregate over half a window is another figure. */
  readonly whole: boolean;
}

/**
 * The windows to read now, in order of time: gaps that are due, the lookback, and what has not been read, cut at multiples of
 * `windowS`. Together they cover exactly that, each second once.
 */
export function windowsToRead(
  state: WindowState,
  plan: WindowPlan,
  nowMs: number,
): readonly Window[] {
  const { windowS, whole } = plan;
  const down = (timeS: number) => (whole ? Math.floor(timeS / windowS) * windowS : timeS);
  const untilS = down(plan.untilS);
  const fromS = down(Math.max(state.startS, state.readToS - plan.lookbackS));
  const due = state.gaps.filter(({ nextTryAtMs }) => nextTryAtMs <= nowMs);
  const resting = state.gaps.filter(({ nextTryAtMs }) => nextTryAtMs > nowMs);
  const wanted = fromS < untilS ? [{ fromS, toS: untilS }] : [];
  const all = union([...wanted, ...due.map(bounds)]);
  // What a walk that was cut off read ahead is read again: by the time it goes on, late rows may have come in there.
  const left = resting.reduce(without, all);
  return left.flatMap((window) => cut(window, windowS));
}

/** The state after a window was read whole: gaps inside it are closed. */
export function afterRead(state: WindowState, window: Window): WindowState {
  return advance({ ...state, gaps: gapsWithout(state.gaps, window) }, window);
}

/** Between two tries of a gap: doubles from the first wait to the last. */
const gapBounds = { firstMs: 5 * 60_000, maxMs: 24 * 60 * 60_000 };

/** The state after a window could not be read whole: reading goes on behind it, the high-water mark does not. */
export function afterGap(
  state: WindowState,
  window: Window,
  found: { readonly reason: GapReason; readonly nowMs: number },
): WindowState {
  const before = state.gaps.filter((gap) => overlaps(gap, window));
  const tries = 1 + Math.max(0, ...before.map((gap) => gap.tries));
  const waitMs = Math.min(gapBounds.maxMs, gapBounds.firstMs * 2 ** Math.min(tries - 1, 20));
  const gap: Gap = {
    ...bounds(window),
    ...{ reason: found.reason, tries, nextTryAtMs: found.nowMs + waitMs },
  };
  const gaps = [...gapsWithout(state.gaps, window), gap].sort((a, b) => a.fromS - b.fromS);
  return advance({ ...state, gaps: joined(gaps) }, window);
}

/** Gaps that touch and have one reason are one, tried as often and as late as the worse of them. */
function joined(gaps: readonly Gap[]): readonly Gap[] {
  const found: Gap[] = [];
  for (const gap of gaps) {
    const last = found.at(-1);
    if (last === undefined || last.toS !== gap.fromS || last.reason !== gap.reason) found.push(gap);
    else {
      found[found.length - 1] = {
        ...{ fromS: last.fromS, toS: gap.toS, reason: gap.reason },
        tries: Math.max(last.tries, gap.tries),
        nextTryAtMs: Math.max(last.nextTryAtMs, gap.nextTryAtMs),
      };
    }
  }
  return found;
}

/** Everything before this second is proven to be read. */
export function highWaterS({ readToS, gaps }: WindowState): number {
  return Math.min(readToS, gaps[0]?.fromS ?? readToS);
}

/** The two halves of a window; null when it is one second, the smallest there is. */
export function halves({ fromS, toS }: Window): readonly [Window, Window] | null {
  if (toS - fromS < 2) return null;
  const middleS = fromS + Math.floor((toS - fromS) / 2);
  return [
    { fromS, toS: middleS },
    { fromS: middleS, toS },
  ];
}

function advance(state: WindowState, window: Window): WindowState {
  const done = union([
    ...(state.readToS > state.startS ? [{ fromS: state.startS, toS: state.readToS }] : []),
    ...state.ahead,
    // Whole windows may begin before the start.
    { fromS: Math.max(window.fromS, state.startS), toS: window.toS },
  ]);
  const [first, ...rest] = done;
  return first?.fromS === state.startS
    ? { ...state, readToS: first.toS, ahead: rest }
    : { ...state, ahead: done };
}

function bounds({ fromS, toS }: Window): Window {
  return { fromS, toS };
}

function overlaps(a: Window, b: Window): boolean {
  return a.fromS < b.toS && b.fromS < a.toS;
}

/** Sorted; what touches or overlaps becomes one. */
function union(windows: readonly Window[]): readonly Window[] {
  const merged: Window[] = [];
  const sorted = windows.filter(({ fromS, toS }) => fromS < toS).sort((a, b) => a.fromS - b.fromS);
  for (const window of sorted) {
    const last = merged.at(-1);
    if (last === undefined || window.fromS > last.toS) merged.push(bounds(window));
    else merged[merged.length - 1] = { fromS: last.fromS, toS: Math.max(last.toS, window.toS) };
  }
  return merged;
}

function without(windows: readonly Window[], hole: Window): readonly Window[] {
  return windows.flatMap((window) => remains(window, hole));
}

/** What is left of a window outside of the hole: none, one or two parts, each with what else it carries. */
function remains<Part extends Window>(window: Part, hole: Window): readonly Part[] {
  if (!overlaps(window, hole)) return [window];
  return [
    { ...window, toS: Math.min(window.toS, hole.fromS) },
    { ...window, fromS: Math.max(window.fromS, hole.toS) },
  ].filter(({ fromS, toS }) => fromS < toS);
}

function gapsWithout(gaps: readonly Gap[], window: Window): readonly Gap[] {
  return gaps.flatMap((gap) => remains(gap, window));
}

/** Cuts at multiples of `windowS`, so that the same windows come again in the next walk. */
function cut(window: Window, windowS: number): readonly Window[] {
  const parts: Window[] = [];
  for (let fromS = window.fromS; fromS < window.toS;) {
    const toS = Math.min(window.toS, (Math.floor(fromS / windowS) + 1) * windowS);
    parts.push({ fromS, toS });
    fromS = toS;
  }
  return parts;
}
