import type { JsonValue } from '../domain/json.ts';
import {
  nextOffsetRequest,
  offsetWalkStart,
  receiveOffsetAnswer,
  type IncompleteReason,
  type OffsetWalkState,
} from '../domain/offsetWalk.ts';
import {
  nextPageRequest,
  pageWalkStart,
  receivePageAnswer,
  type PageWalkState,
} from '../domain/pageWalk.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import type { EntryReading, ListPage, OffsetListing, PageListing } from '../sources/source.ts';

/** How a list is walked: by offsets, or by page numbers. The state is what a checkpoint holds. */
export interface Pager<State> {
  /** The state to go on from: the checkpoint's, or the start of a walk. */
  readonly resume: (checkpoint: JsonValue | null) => State;
  readonly checkpoint: (state: State) => JsonValue;
  readonly next: (state: State) => Turn<State>;
  /** Restarts of the walk so far. */
  readonly restarts: (state: State) => number;
}

/** One request, and what its answer means. */
interface Turn<State> {
  readonly request: ApiRequest;
  /** @returns null when the body is not a list at all */
  readonly receive: (body: JsonValue) => Received<State> | null;
}

interface Received<State> {
  readonly page: ListPage;
  readonly step: {
    readonly state: State;
    /** Indices of the page's entries that are to be stored. */
    readonly store: readonly number[];
  } & (
    | { readonly kind: 'more'; readonly wait: number }
    | { readonly kind: 'end'; readonly incomplete: IncompleteReason | null }
  );
}

interface Asked<Listing> {
  readonly listing: Listing;
  readonly settings: unknown;
  /** Rows. */
  readonly size: number;
}

export function offsetPager(asked: Asked<OffsetListing<unknown>>): Pager<OffsetWalkState> {
  const { listing, settings, size } = asked;
  return {
    resume: (checkpoint) => restored(checkpoint, offsetWalkStart),
    checkpoint: (state) => ({ ...state, lastPage: { ...state.lastPage } }),
    restarts: (state) => state.restarts,
    next: (state) => {
      const request = nextOffsetRequest(state, size);
      return {
        request: listing.request(settings, request),
        receive: (body) => {
          const page = listing.read(body, settings);
          if (page === null) return null;
          const answer = { keys: page.entries.map(keyOf), total: page.total };
          return { page, step: receiveOffsetAnswer(state, request, answer) };
        },
      };
    },
  };
}

export function pagePager(asked: Asked<PageListing<unknown>>): Pager<PageWalkState> {
  const { listing, settings, size } = asked;
  return {
    resume: (checkpoint) => restored(checkpoint, pageWalkStart(size)),
    checkpoint: (state) => {
      return { ...state, list: { ...state.list, lastPage: { ...state.list.lastPage } } };
    },
    restarts: (state) => state.list.restarts,
    next: (state) => {
      const ask = nextPageRequest(state, size);
      return {
        request: listing.request(settings, ask.page),
        receive: (body) => {
          const page = listing.read(body, settings);
          if (page === null) return null;
          const { total, pageNumber, pageSize } = page;
          const answer = { keys: page.entries.map(keyOf), total, pageNumber, pageSize };
          return { page, step: receivePageAnswer(state, ask, answer) };
        },
      };
    },
  };
}

/** A row that cannot be stored has no key: it keeps its place in the proof, and proves nothing itself. */
function keyOf(reading: EntryReading): string | null {
  return reading.kind === 'entry' ? reading.entry.key : null;
}

/** A checkpoint of an older version of LogFerry lacks fields: its walk starts again, which loses nothing. */
function restored<State extends object>(stored: JsonValue | null, start: State): State {
  return hasFieldsOf(stored, start) ? (stored as unknown as State) : start;
}

function hasFieldsOf(stored: unknown, start: object): boolean {
  if (typeof stored !== 'object' || stored === null) return false;
  const fields = new Map<string, unknown>(Object.entries(stored));
  return Object.entries(start).every(([name, value]) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? hasFieldsOf(fields.get(name), value as object) : fields.has(name);
  });
}
