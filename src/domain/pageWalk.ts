import {
  isProbe,
  nextOffsetRequest,
  offsetWalkStart,
  receiveOffsetAnswer,
  type OffsetAnswer,
  type OffsetRequest,
  type OffsetStep,
  type OffsetWalkState,
} from './offsetWalk.ts';

/**
 * Paging through a list that is asked by page number, and that moves while it is read. Data in, data out.
 *
 * It is the walk by offsets, its requests rounded to what page numbers can say: of all sizes allowed, the one whose page
 * covers the last proven row and reaches furthest behind it. So every page overlaps the one before, and the same rows prove
 * the same thing. Source: ActionTrail ListDeliveryHistoryJobs (API page, 1 March 2024), order undocumented.
 */
export interface PageWalkState {
  readonly list: OffsetWalkState;
  /** The largest size that the server has lately said to give. Rows. */
  readonly pageSizeMax: number;
  /** Answers in a row that were as large as asked. */
  readonly uncapped: number;
  /** Answers in a row that stood elsewhere in the list than asked: the server gave pages of another size. */
  readonly misplaced: number;
  /** The end is seen; now the last row alone has to stand where it was counted. */
  readonly isLastRowDue: boolean;
  /** How often it did not. */
  readonly lastRowMissed: number;
}

export interface PageRequest {
  /** From 1. */
  readonly pageNumber: number;
  /** Rows, >= 1. */
  readonly pageSize: number;
}

/** A request, and what it is meant to cover. */
export interface PageAsk {
  readonly page: PageRequest;
  readonly wanted: OffsetRequest;
}

/** What the answer says of itself; null: it says nothing, or nothing readable. */
export interface PageAnswer extends OffsetAnswer {
  readonly pageNumber: number | null;
  readonly pageSize: number | null;
}

export type PageStep =
  | (Omit<OffsetStep & { readonly kind: 'more' }, 'state'> & { readonly state: PageWalkState })
  | (Omit<OffsetStep & { readonly kind: 'end' }, 'state'> & { readonly state: PageWalkState });

const misplacedMax = 8;
/** So many answers of another size in a row, and pages of two rows are out of reach. */
const misplacedPatience = 4;
/** A cap may be a passing one: after so many answers as asked, twice as much is asked. */
const uncappedMin = 8;
const pageSizeGrownMax = 1_000_000;
const lastRowMissedMax = 20;

/** `size`: the largest page the API allows, or less. Rows, >= 2. */
export function pageWalkStart(size: number): PageWalkState {
  return {
    list: offsetWalkStart,
    pageSizeMax: size,
    uncapped: 0,
    misplaced: 0,
    isLastRowDue: false,
    lastRowMissed: 0,
  };
}

export function nextPageRequest(state: PageWalkState, size: number): PageAsk {
  const { list } = state;
  const pageSizeMax = Math.min(state.pageSizeMax, size);
  if (state.isLastRowDue) return single(list.position - 1 - list.trailing);
  const wanted = nextOffsetRequest(list, pageSizeMax);
  if (list.proving && isProbe(list)) return single(wanted.offset);
  const pageSize =
    bestPageSize(wanted.offset, pageSizeMax) ??
    // Pages so small cannot bridge this place in the list. A larger one may be given after all; if not, row by row.
    (state.misplaced < misplacedPatience ? bestPageSize(wanted.offset, size) : null) ??
    1;
  return { page: { pageNumber: Math.floor(wanted.offset / pageSize) + 1, pageSize }, wanted };
}

/** A page of one row: no server can give less, so it stands exactly where its number says. */
function single(offset: number): PageAsk {
  return { page: { pageNumber: offset + 1, pageSize: 1 }, wanted: { offset, size: 1 } };
}

/**
 * The size <= `pageSizeMax` whose page covers the row at `offset` and reaches furthest behind it; null when none reaches the
 * next row. The head of the list is asked for again only where nothing else will do: an answer just like the one before
 * proves less.
 */
function bestPageSize(offset: number, pageSizeMax: number): number | null {
  if (offset === 0) return pageSizeMax;
  let best: number | null = null;
  let bestEnd = offset + 1;
  for (let pageSize = Math.min(pageSizeMax, Math.max(2, offset)); pageSize >= 2; pageSize--) {
    const end = (Math.floor(offset / pageSize) + 1) * pageSize;
    if (end > bestEnd) {
      best = pageSize;
      bestEnd = end;
    }
  }
  return best;
}

/** What an answer means: which rows to store, where to go on, and whether the walk has ended. */
export function receivePageAnswer(
  before: PageWalkState,
  { page: asked, wanted }: PageAsk,
  answer: PageAnswer,
): PageStep {
  const pageSize = answer.pageSize ?? asked.pageSize;
  const offset = ((answer.pageNumber ?? asked.pageNumber) - 1) * pageSize;
  const covers =
    offset <= wanted.offset && wanted.offset < offset + pageSize && answer.keys.length <= pageSize;
  const state = noteSize(before, asked.pageSize, { pageSize, covers });
  const { list } = state;
  if (state.isLastRowDue) return receiveLastRow(state, answer, covers);
  const step = (from: OffsetStep): PageStep => withLastRow(state, from);
  if (isPageBefore(list, { offset, wanted }, answer)) {
    return step(receiveOffsetAnswer(list, wanted, { keys: [], total: answer.total }));
  }
  if (covers) {
    const lead = wanted.offset - offset;
    return step(receiveOffsetAnswer(list, { offset, size: pageSize, lead }, answer));
  }
  // Rows are rows, wherever they stand; but they prove nothing here.
  const store = answer.keys.map((_, index) => index);
  if (state.misplaced < misplacedMax) return { kind: 'more', state, store, wait: 0 };
  return { kind: 'end', state, store, incomplete: list.doubt ?? 'page_elsewhere' };
}

/** Learns how large a page may be: at once when the server says so, and slowly upwards again. */
function noteSize(
  state: PageWalkState,
  askedSize: number,
  given: { readonly pageSize: number; readonly covers: boolean },
): PageWalkState {
  const misplaced = given.covers ? 0 : state.misplaced + 1;
  if (given.pageSize < askedSize) {
    const floor = misplaced < misplacedPatience ? 2 : 1;
    return { ...state, misplaced, uncapped: 0, pageSizeMax: Math.max(floor, given.pageSize) };
  }
  const uncapped = askedSize === 1 ? state.uncapped : state.uncapped + 1;
  if (uncapped < uncappedMin) return { ...state, misplaced, uncapped };
  const pageSizeMax = Math.min(pageSizeGrownMax, state.pageSizeMax * 2);
  return { ...state, misplaced, uncapped: 0, pageSizeMax };
}

/** A server that answers a page behind the last one with the last one, and says so, says that there is nothing behind it. */
function isPageBefore(
  list: OffsetWalkState,
  at: { readonly offset: number; readonly wanted: OffsetRequest },
  { keys, total }: OffsetAnswer,
): boolean {
  const [key] = keys;
  return (
    list.proving &&
    isProbe(list) &&
    at.offset === at.wanted.offset - 1 &&
    keys.length === 1 &&
    key != null &&
    list.anchors.includes(key) &&
    total === at.wanted.offset
  );
}

/**
 * An end that is proven by counting is proven once more by the last row alone: a server that gives smaller pages than it
 * says counts them from another place, and the walk would have counted wrong with it.
 */
function withLastRow(state: PageWalkState, step: OffsetStep): PageStep {
  const list = step.state;
  if (step.kind === 'more') return { ...step, state: { ...state, list } };
  const isLastRowDue =
    step.incomplete === null && list.proving && list.position - list.trailing > 0;
  if (!isLastRowDue) return { ...step, state: { ...state, list } };
  return { kind: 'more', state: { ...state, list, isLastRowDue }, store: step.store, wait: 0 };
}

function receiveLastRow(state: PageWalkState, answer: PageAnswer, covers: boolean): PageStep {
  const { list } = state;
  const [key] = answer.keys;
  const stands =
    covers &&
    answer.keys.length === 1 &&
    key != null &&
    list.anchors.includes(key) &&
    answer.total === list.position;
  if (stands) return { kind: 'end', state, store: [], incomplete: list.doubt };
  const store = answer.keys.map((_, index) => index);
  const lastRowMissed = state.lastRowMissed + 1;
  const missed = { ...state, lastRowMissed, isLastRowDue: false };
  if (lastRowMissed > lastRowMissedMax) {
    return { kind: 'end', state: missed, store, incomplete: list.doubt ?? 'end_unproven' };
  }
  // The list has moved, or was counted wrong: look for the end again.
  const again = { ...list, irregular: true, confirmations: 0 };
  return { kind: 'more', state: { ...missed, list: again }, store, wait: lastRowMissed };
}
