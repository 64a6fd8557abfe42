import { findOverlap, rememberAnchors, trailingOf, type RowKeys } from './overlap.ts';

/**
 * Paging through a list that is asked by offset and size, and that moves while it is read. Data in, data out.
 *
 * Every request asks from the last proven row on. When that row (or another proven one) is in the answer, no row between
 * was skipped; when it is not, the walk steps back until it is found, else starts again from the head of the list.
 * Assumes one thing of the server: rows keep their relative order. Source: SLS ListDownloadJobs, order undocumented.
 */
export interface OffsetWalkState {
  /** Index in the list just behind the last proven row, as of the last answer. Rows, >= 0. */
  readonly position: number;
  /** Keys of the last proven rows. */
  readonly anchors: readonly string[];
  /** Rows without a key directly behind the last proven row. */
  readonly trailing: number;
  /** How far before the overlap the next request starts, in search of a proven row. Rows. */
  readonly stepBack: number;
  /** Most rows a page has held: the server's real page cap, as far as it shows. */
  readonly rowsPerPage: number;
  readonly restarts: number;
  /** Answers in a row that brought nothing new and did not confirm the end. */
  readonly barren: number;
  /** Answers in a row that showed nothing behind the last row. */
  readonly confirmations: number;
  /** The page before: its length, first and last key, and for which offset it first came. Tells a server that repeats itself. */
  readonly lastPage: { readonly offset: number; readonly rows: string };
  readonly repeats: number;
  /** Answers so far, and the largest total they claimed: bounds a walk over a list that grows as fast as it is read. */
  readonly answers: number;
  readonly totalMax: number;
  /** Something irregular was seen: the end then takes more confirmations. */
  readonly irregular: boolean;
  /** False once proof is out of reach: the walk then reads on for the data, and ends incomplete. */
  readonly proving: boolean;
  /** Why the walk can no longer be complete; the first reason stands. */
  readonly doubt: IncompleteReason | null;
}

export const INCOMPLETE_REASONS = [
  'list_moved',
  'total_missing',
  'total_contradicts_rows',
  'total_not_reached',
  'empty_pages',
  'page_cap_one',
  'repeated_page',
  'no_progress',
  'page_elsewhere',
  'end_unproven',
] as const;
export type IncompleteReason = (typeof INCOMPLETE_REASONS)[number];

export interface OffsetRequest {
  readonly offset: number;
  readonly size: number;
}

/** What an answer covers. `lead`: so many of its rows stand before the one that was wanted first; none where offsets are free. */
export interface OffsetRange extends OffsetRequest {
  readonly lead?: number;
}

/** One answer: the keys of its rows in order, and the total it claims (null: none, or unreadable). */
export interface OffsetAnswer {
  readonly keys: RowKeys;
  readonly total: number | null;
}

/** `store`: indices of the rows to store. `wait`: how many fruitless answers in a row there were, for backoff. */
export type OffsetStep =
  | {
      readonly kind: 'more';
      readonly state: OffsetWalkState;
      readonly store: readonly number[];
      readonly wait: number;
    }
  | {
      readonly kind: 'end';
      readonly state: OffsetWalkState;
      readonly store: readonly number[];
      readonly incomplete: IncompleteReason | null;
    };

const restartsMax = 5;
const emptyMax = 6;
const capOneMax = 4;
const disagreementsMax = 4;
const repeatsMax = 3;
const barrenMax = 12;
const stepBackPagesMax = 12;
/** Of the last row alone, and of nothing behind it, in turn: a capped page and a wrong total can agree on one of them, not on both. */
const confirmationsRegular = 2;
const confirmationsIrregular = 4;
const answersMaxBase = 1_000;
const answersMaxFactor = 20;

export const offsetWalkStart: OffsetWalkState = {
  position: 0,
  anchors: [],
  trailing: 0,
  stepBack: 0,
  rowsPerPage: 0,
  restarts: 0,
  barren: 0,
  confirmations: 0,
  lastPage: { offset: 0, rows: '' },
  repeats: 0,
  answers: 0,
  totalMax: 0,
  irregular: false,
  proving: true,
  doubt: null,
};

/** The next request. `size` must be >= 2 for an overlap to leave room for a new row. */
export function nextOffsetRequest(state: OffsetWalkState, size: number): OffsetRequest {
  if (!state.proving || isProbe(state)) return { offset: state.position, size };
  return { offset: Math.max(0, state.position - 1 - state.trailing - state.stepBack), size };
}

/** What an answer means: which rows to store, where to go on, and whether the walk has ended. */
export function receiveOffsetAnswer(
  before: OffsetWalkState,
  request: OffsetRange,
  answer: OffsetAnswer,
): OffsetStep {
  const state = notePage(before, request, answer);
  if (state.repeats > repeatsMax) return end(state, [], 'repeated_page');
  const pagesExpected = state.totalMax / Math.max(1, state.rowsPerPage - 1);
  if (state.answers > answersMaxBase + answersMaxFactor * pagesExpected) {
    return end(state, allOf(answer.keys), 'no_progress');
  }
  if (state.repeats > 0) {
    // The page before once more proves nothing about this place: ask again, from one row earlier.
    return again({ ...fruitless(state), stepBack: state.stepBack + 1 });
  }
  if (isProbe(state)) return receiveProbe(state, request, answer);
  if (answer.keys.length === 0) return receiveEmpty(state, request, answer);
  if (!state.proving) return receiveUnproven(state, request, answer);
  if (state.position === 0) return advance(state, request, answer, allOf(answer.keys));
  const overlap = findOverlap(state.anchors, answer.keys, state.trailing);
  if (overlap.kind === 'none') return receiveMoved(state, request, answer);
  if (overlap.unknown.length > 0) return advance(state, request, answer, overlap.unknown);
  return receiveNothingNew(state, request, answer);
}

/** Every row of the answer was known, the overlap stands. The end shows as the last row alone, where the total says it is. */
function receiveNothingNew(
  state: OffsetWalkState,
  request: OffsetRange,
  { keys, total }: OffsetAnswer,
): OffsetStep {
  const reach = request.offset + keys.length;
  const here = { ...state, position: reach, stepBack: 0 };
  const lastRowAlone =
    keys.length === 1 + state.trailing + (request.lead ?? 0) && reach === state.position;
  if (total === reach && lastRowAlone) return confirm(here);
  const barren = fruitless(here);
  if (total === reach) return again(barren);
  if (total === null) {
    return barren.barren >= disagreementsMax ? end(barren, [], 'total_missing') : again(barren);
  }
  if (total < reach) {
    return barren.barren >= disagreementsMax
      ? end(barren, [], 'total_contradicts_rows')
      : again(barren);
  }
  if (keys.length === 1 && barren.barren >= capOneMax) return readOnWithoutProof(barren);
  // After large insertions whole pages hold rows seen before: as many as the remembered rows can fill are no cause for alarm.
  const patience = barrenMax + Math.ceil(state.anchors.length / Math.max(1, state.rowsPerPage - 1));
  return barren.barren >= patience ? end(barren, [], 'no_progress') : again(barren);
}

/** The answer to the request from just behind the last row: nothing must be there, and the total must agree. */
function receiveProbe(
  state: OffsetWalkState,
  request: OffsetRequest,
  { keys, total }: OffsetAnswer,
): OffsetStep {
  if (keys.length === 0 && total === request.offset) return confirm(state);
  const barren = fruitless(state);
  const store = allOf(keys);
  if (barren.barren < capOneMax) return { ...again(barren), store };
  if (total === null) return end(barren, store, 'total_missing');
  if (total < request.offset + keys.length) return end(barren, store, 'total_contradicts_rows');
  return { ...readOnWithoutProof(barren), store };
}

function receiveEmpty(
  state: OffsetWalkState,
  request: OffsetRequest,
  { total }: OffsetAnswer,
): OffsetStep {
  if (total === 0 && (request.offset === 0 || !state.proving)) return confirm(state);
  const barren = fruitless(state);
  if (!state.proving) {
    if (total !== null && total <= request.offset) return end(barren, [], 'total_not_reached');
    return barren.barren >= emptyMax ? end(barren, [], 'total_not_reached') : again(barren);
  }
  if (barren.barren >= emptyMax) return end(barren, [], 'empty_pages');
  if (total !== null && total <= request.offset) {
    // The list has become shorter than the position: go back to where it still has rows.
    const target = Math.max(0, total - Math.max(1, state.rowsPerPage - 1));
    return again({ ...barren, stepBack: Math.max(0, state.position - 1 - target) });
  }
  return again(barren);
}

function receiveMoved(
  state: OffsetWalkState,
  request: OffsetRequest,
  answer: OffsetAnswer,
): OffsetStep {
  const store = allOf(answer.keys);
  const irregular = { ...state, irregular: true, confirmations: 0 };
  if (request.offset > 0) {
    const step = Math.max(1, state.rowsPerPage - 1);
    const next = state.stepBack + step;
    const stepBack = next > step * stepBackPagesMax ? state.position : next;
    return { kind: 'more', state: { ...irregular, stepBack }, store, wait: 0 };
  }
  const restarted = {
    ...irregular,
    restarts: state.restarts + 1,
    stepBack: 0,
    barren: 0,
    position: answer.keys.length,
    anchors: rememberAnchors([], answer.keys),
    trailing: trailingOf(answer.keys),
  };
  if (restarted.restarts <= restartsMax) return { kind: 'more', state: restarted, store, wait: 0 };
  return {
    kind: 'more',
    state: withDoubt({ ...restarted, proving: false }, 'list_moved'),
    store,
    wait: 0,
  };
}

function receiveUnproven(
  state: OffsetWalkState,
  request: OffsetRequest,
  answer: OffsetAnswer,
): OffsetStep {
  const doubted = withDoubt(state, 'page_cap_one');
  const moved = advance(doubted, request, answer, allOf(answer.keys));
  const reached = answer.total !== null && request.offset + answer.keys.length >= answer.total;
  return reached ? end(moved.state, moved.store, null) : moved;
}

function advance(
  state: OffsetWalkState,
  request: OffsetRequest,
  { keys }: OffsetAnswer,
  store: readonly number[],
): OffsetStep {
  return {
    kind: 'more',
    store,
    wait: 0,
    state: {
      ...state,
      position: request.offset + keys.length,
      anchors: rememberAnchors(state.anchors, keys),
      trailing: trailingOf(keys),
      stepBack: 0,
      barren: 0,
      confirmations: 0,
    },
  };
}

function confirm(state: OffsetWalkState): OffsetStep {
  const confirmed = { ...state, confirmations: state.confirmations + 1 };
  const needed = state.irregular ? confirmationsIrregular : confirmationsRegular;
  if (confirmed.confirmations >= needed) return end(confirmed, [], null);
  return { kind: 'more', state: confirmed, store: [], wait: 0 };
}

/** The end is asked for in pairs: after the last row was seen alone, the next request starts behind it. */
export function isProbe(state: OffsetWalkState): boolean {
  return state.position > 0 && state.confirmations % 2 === 1;
}

function fruitless(state: OffsetWalkState): OffsetWalkState {
  return { ...state, barren: state.barren + 1, confirmations: 0, irregular: true };
}

/** Pages too small to overlap: the rows are still worth having. */
function readOnWithoutProof(state: OffsetWalkState): OffsetStep & { readonly kind: 'more' } {
  return again({ ...state, proving: false, barren: 0 });
}

function again(state: OffsetWalkState): OffsetStep & { readonly kind: 'more' } {
  return { kind: 'more', state, store: [], wait: state.barren };
}

function end(
  state: OffsetWalkState,
  store: readonly number[],
  reason: IncompleteReason | null,
): OffsetStep {
  const doubted = reason === null ? state : withDoubt(state, reason);
  return { kind: 'end', state: doubted, store, incomplete: doubted.doubt };
}

function withDoubt(state: OffsetWalkState, reason: IncompleteReason): OffsetWalkState {
  return { ...state, doubt: state.doubt ?? reason };
}

/** Counts how often one page came back for other offsets than its own. A page of one row says nothing. */
function notePage(
  state: OffsetWalkState,
  request: OffsetRequest,
  { keys, total }: OffsetAnswer,
): OffsetWalkState {
  const rows = `${keys.length} ${keys[0] ?? ''} ${keys.at(-1) ?? ''}`;
  const again = keys.length > 0 && rows === state.lastPage.rows;
  const same = again && keys.length > 1;
  const repeated = same && request.offset !== state.lastPage.offset;
  return {
    ...state,
    irregular: state.irregular || again,
    lastPage: same ? state.lastPage : { offset: request.offset, rows },
    repeats: repeated ? state.repeats + 1 : 0,
    rowsPerPage: Math.max(state.rowsPerPage, keys.length),
    answers: state.answers + 1,
    totalMax: Math.max(state.totalMax, total ?? 0),
  };
}

function allOf(keys: RowKeys): readonly number[] {
  return keys.map((_, index) => index);
}
