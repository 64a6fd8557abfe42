import type { JsonValue } from '../domain/json.ts';
import {
  afterGap,
  afterRead,
  halves,
  type GapReason,
  highWaterS,
  type Window,
  type WindowState,
} from '../domain/windows.ts';
import type { StreamedAnswer } from '../providers/apiRequest.ts';
import type { EntryAppend, EntryBatch, EntryCost } from '../sinks/entrySink.ts';
import type { WalkRef } from '../sinks/sink.ts';
import type { WindowSettings } from '../sources/windowListing.ts';
import { oneAhead } from './oneAhead.ts';
import type { WindowStream } from './ports.ts';
import type { WalkDeps } from './reading.ts';
import { retrying } from './retrying.ts';
import { windowRows, type WindowRows } from './windowRows.ts';

/** A window to be read. `repeatMs`: how long incomplete answers to it, and to what it is split into, may still be repeated. */
export interface WindowTask {
  readonly window: Window;
  readonly repeatMs: number;
}

/**
 * Where the reading stands. Windows are stored one after another, each on what the one before will leave behind; when that one
 * is not stored, its version never comes, and neither is any after it.
 */
export interface Position {
  begin(state: WindowState): void;
  readonly state: () => WindowState;
  /** The walk as the next write finds it. */
  readonly next: () => WalkRef;
  advance(state: WindowState): void;
  /** The walk as of the last write that is stored. */
  readonly stored: () => WalkRef;
  store(walk: WalkRef): void;
}

/** Told of every window that is done with. */
export type WindowProgress = (step: {
  readonly window: Window;
  readonly entries: number;
  readonly inserted: number;
}) => void;

interface ReaderParts {
  readonly settings: WindowSettings;
  readonly position: Position;
  /** The partition that the position is stored under. */
  readonly name: string;
  readonly progress: WindowProgress;
}

type Outcome =
  | { readonly kind: 'stored'; readonly entries: number; readonly inserted: number }
  | { readonly kind: 'again' | 'moved' }
  | { readonly kind: 'split'; readonly reason: GapReason };

/**
 * Reads one window: asks until the answer is complete, streams it into the store, and answers the halves to read instead where
 * it cannot be had whole. What cannot be halved either is stored as far as it goes, as a gap.
 */
export function createWindowReader(
  deps: WalkDeps,
  stream: WindowStream,
  parts: ReaderParts,
): (task: WindowTask, signal: AbortSignal) => Promise<readonly WindowTask[] | 'moved'> {
  const { settings, position, name, progress } = parts;
  const { repeat, atOnce, aggregate } = settings;
  const { source } = stream;
  /** What was spent and is not noted on the walk yet. */
  let cost = noCost;

  const partsOf = (window: Window) => (aggregate ? null : halves(window));

  return async (task, signal) => {
    const { window } = task;
    let { repeatMs } = task;
    for (let tries = 1; ; tries += 1) {
      const startedAtMs = deps.clock.nowMs();
      const mayRepeat = tries < repeat.triesMax && repeatMs > 0;
      if (tries > 1) cost = { ...cost, repeats: cost.repeats + 1 };
      const outcome = await deps.inSlots({ key: atOnce.group, atOnceMax: atOnce.max }, () =>
        askRetrying(window, { mayRepeat, maySplit: repeatMs > 0 }, signal),
      );
      switch (outcome.kind) {
        case 'moved':
          return 'moved';
        case 'stored':
          progress({ window, entries: outcome.entries, inserted: outcome.inserted });
          return [];
        case 'split':
          deps.log.debug(
            { event: 'window_split', stream: stream.name, ...window, reason: outcome.reason },
            'window split',
          );
          return (partsOf(window) ?? []).map((part) => ({ window: part, repeatMs }));
        case 'again':
          await deps.clock.sleep(repeatWaitMs(tries), signal);
          repeatMs -= deps.clock.nowMs() - startedAtMs;
      }
    }
  };

  function repeatWaitMs(tries: number): number {
    return Math.min(repeat.waitMaxMs, repeat.waitMs * 2 ** Math.min(tries - 1, 30));
  }

  async function askRetrying(
    window: Window,
    may: { readonly mayRepeat: boolean; readonly maySplit: boolean },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const request = source.request(stream.settings, window);
    const ask = () => {
      cost = { ...cost, requests: cost.requests + 1 };
      return stream.api.stream(request, (answer) => take(window, answer, may, signal), signal);
    };
    return (await retrying(deps, { stream: stream.name, ask }, signal)).result;
  }

  async function take(
    window: Window,
    answer: StreamedAnswer,
    { mayRepeat, maySplit }: { readonly mayRepeat: boolean; readonly maySplit: boolean },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const facts = source.facts(answer.headers);
    cost = {
      ...cost,
      processedRows: cost.processedRows + (facts.processedRows ?? 0),
      elapsedMs: cost.elapsedMs + (facts.elapsedMs ?? 0),
    };
    const canSplit = partsOf(window) !== null;
    if (!facts.isComplete && (mayRepeat || (canSplit && maySplit))) {
      // The page of a proxy is not repeated and split as if it were an answer that is not complete yet.
      if (!facts.isTold) await expectRows(answer);
      return mayRepeat ? { kind: 'again' } : { kind: 'split', reason: 'window_incomplete' };
    }

    const rows = windowRows(stream, window, aggregate);
    // A figure over part of the rows is no figure; a log entry is one whatever else there is.
    const isWorthless = aggregate && !facts.isComplete;
    const batches = isWorthless
      ? []
      : oneAhead(
          () => batchesOf(answer, rows, facts.isComplete ? facts.reportedRows : null),
          signal,
        );
    const isFilled = () => settings.isFilledByLimit && rows.count() >= settings.rowsMax;
    const appended = await deps.sink.appendEntries({
      ...{ streamId: stream.streamId, table: source.table, batches, nowMs: deps.clock.nowMs() },
      finish: () => {
        if (isFilled() && canSplit) return null;
        const reason = facts.isComplete
          ? isFilled()
            ? 'limit_filled'
            : null
          : 'window_incomplete';
        return finishOf(window, {
          reason,
          rows,
          reportedRows: facts.reportedRows ?? 0,
          isWorthless,
        });
      },
    });
    if (appended.kind === 'moved') return appended;
    if (appended.kind === 'discarded') return { kind: 'split', reason: 'limit_filled' };
    position.store(appended.walk);
    return { kind: 'stored', entries: rows.count(), inserted: appended.inserted };
  }

  function finishOf(
    window: Window,
    read: {
      readonly reason: GapReason | null;
      readonly rows: WindowRows;
      readonly reportedRows: number;
      readonly isWorthless: boolean;
    },
  ): ReturnType<EntryAppend['finish']> {
    const nowMs = deps.clock.nowMs();
    const walk = position.next();
    const { reason, rows } = read;
    const state =
      reason === null
        ? afterRead(position.state(), window)
        : afterGap(position.state(), window, { reason, nowMs });
    if (reason !== null) warnOfGap(window, reason);
    position.advance(state);
    const spent = { ...cost, reportedRows: read.reportedRows };
    cost = noCost;
    const isLive = walk.partition === '';
    return {
      ...{ walk, state: null, cost: spent },
      partitions: new Map([[name, stateJson(state)]]),
      ...(isLive ? { highWaterAtMs: highWaterS(state) * 1_000 } : {}),
      ...(aggregate && !read.isWorthless
        ? { snapshot: { loggedAtMs: window.fromS * 1_000, keys: rows.keys() } }
        : {}),
    };
  }

  function warnOfGap(window: Window, reason: GapReason): void {
    const times = {
      from: new Date(window.fromS * 1_000).toISOString(),
      to: new Date(window.toS * 1_000).toISOString(),
    };
    deps.log.warn(
      { event: 'window_incomplete', stream: stream.name, ...times, reason },
      'window could not be read whole; it is tried again later',
    );
  }
}

const noCost: Required<Omit<EntryCost, 'restarts' | 'reportedRows'>> = {
  ...{ requests: 0, repeats: 0, processedRows: 0, elapsedMs: 0 },
};

/** @throws SourceError when the body does not begin like rows */
async function expectRows(answer: StreamedAnswer): Promise<void> {
  const rows = answer.rows()[Symbol.asyncIterator]();
  await rows.next();
}

async function* batchesOf(
  answer: StreamedAnswer,
  rows: WindowRows,
  reportedRows: number | null,
): AsyncGenerator<EntryBatch> {
  for await (const some of answer.rows()) yield rows.batchOf(some);
  if (reportedRows === null || reportedRows === rows.count()) return;
  // The API page's own example reports other rows than it has: noted, and no reason to doubt the rows.
  const sample = `${reportedRows} reported, ${rows.count()} received`;
  const drift = [{ path: 'x-log-count', kind: 'unknown_value', sample } as const];
  yield { entries: [], rejected: [], drift };
}

function stateJson(state: WindowState): JsonValue {
  const { startS, readToS } = state;
  return {
    ...{ startS, readToS, ahead: state.ahead.map(({ fromS, toS }) => ({ fromS, toS })) },
    gaps: state.gaps.map((gap) => ({ ...gap })),
  };
}
