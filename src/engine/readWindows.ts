import {
  highWaterS,
  windowStart,
  windowsToRead,
  type Window,
  type WindowState,
} from '../domain/windows.ts';
import type { WalkRef } from '../sinks/sink.ts';
import type { WindowSettings } from '../sources/windowListing.ts';
import type { WindowStream } from './ports.ts';
import type { BegunWalk, Reading, ReadingEnd, WalkDeps } from './reading.ts';
import { windowStateOf } from './windowGaps.ts';
import {
  createWindowReader,
  type Position,
  type WindowProgress,
  type WindowTask as Task,
} from './windowReader.ts';

/** A bounded range beside the live reading: [fromMs, toMs), whole seconds. */
export interface BackfillRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Reads a stream by windows of time: several at once, each stored with its position in one transaction. A window that stays
 * incomplete or fills its limit is read in halves, down to one second; what cannot be had whole is stored as a gap, which keeps
 * the walk incomplete and the high-water mark where it is, and is tried again by later walks.
 */
export function readWindows(
  deps: WalkDeps,
  stream: WindowStream,
  parts: { readonly begun: BegunWalk; readonly range: BackfillRange | null },
): Reading {
  const settings = stream.source.settings(stream.settings);
  const { walk } = parts.begun;
  const position = createPosition(walk);
  return {
    walk: position.stored,
    read: async (signal) => {
      const nowMs = deps.clock.nowMs();
      const name = positionName(walk);
      const states = await deps.sink.partitionStates(stream.streamId);
      const untilS = Math.floor((parts.range?.toMs ?? nowMs - settings.settleMs) / 1_000);
      const stored = windowStateOf(states.get(name));
      position.begin(stored ?? firstState(settings, parts.range, untilS));
      const lookbackMs = parts.range === null ? settings.lookbackMs : 0;
      const plan = {
        ...{ windowS: settings.windowMs / 1_000, lookbackS: lookbackMs / 1_000 },
        ...{ untilS, whole: settings.aggregate },
      };
      const windows = windowsToRead(position.state(), plan, nowMs);
      const progress = createProgress(deps, stream, windows);
      const reader = createWindowReader(deps, stream, { settings, position, name, progress });
      const tasks = windows.map((window) => ({ window, repeatMs: settings.repeat.timeMaxMs }));
      const end = await readAll(tasks, settings.atOnce.max, reader, signal);
      return end === 'moved' ? 'moved' : endOf(position.state(), parts.range === null);
    },
  };
}

function endOf(state: WindowState, isLive: boolean): ReadingEnd {
  const [gap] = state.gaps;
  const mark = isLive ? { highWaterAtMs: highWaterS(state) * 1_000 } : {};
  return { incomplete: gap?.reason ?? null, ...mark };
}

/** Live, and per backfill: each has its own. */
function positionName({ partition }: WalkRef): string {
  return partition === '' ? 'windows' : `windows ${partition}`;
}

function firstState(
  settings: WindowSettings,
  range: BackfillRange | null,
  untilS: number,
): WindowState {
  const backMs = Math.max(settings.lookbackMs, settings.windowMs);
  const startMs = range?.fromMs ?? settings.startMs ?? untilS * 1_000 - backMs;
  return windowStart(Math.floor(startMs / 1_000));
}

/** Counts what has been stored and read, for whoever watches. */
function createProgress(
  deps: WalkDeps,
  stream: WindowStream,
  windows: readonly Window[],
): WindowProgress {
  const secondsOf = (list: readonly Window[]) =>
    list.reduce((sum, { fromS, toS }) => sum + toS - fromS, 0);
  const totalS = secondsOf(windows);
  let [entries, inserted, doneS] = [0, 0, 0];
  return (step) => {
    entries += step.entries;
    inserted += step.inserted;
    doneS += secondsOf([step.window]);
    const span = { doneS, totalS };
    deps.onProgress?.({ stream: stream.name, entries, inserted, totalReported: null, span });
  };
}

function createPosition(begun: WalkRef): Position {
  let state = windowStart(0);
  let next = begun;
  let stored = begun;
  return {
    begin: (given) => {
      state = given;
    },
    state: () => state,
    next: () => next,
    advance: (given) => {
      state = given;
      next = { ...next, version: next.version + 1 };
    },
    stored: () => stored,
    store: (walk) => {
      if (walk.version > stored.version) stored = walk;
    },
  };
}

/** Works through tasks and those they turn into, the earliest first, so many at once. Ends with the first failure, when all have ended. */
async function readAll(
  given: readonly Task[],
  atOnceMax: number,
  work: (task: Task, stop: AbortSignal) => Promise<readonly Task[] | 'moved'>,
  signal: AbortSignal,
): Promise<'done' | 'moved'> {
  const left = new AbortController();
  const stop = AbortSignal.any([signal, left.signal]);
  const waiting = [...given];
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let end: 'done' | 'moved' = 'done';

  async function run(task: Task): Promise<void> {
    try {
      const more = await work(task, stop);
      if (more === 'moved') {
        end = 'moved';
        left.abort();
      } else waiting.unshift(...more);
    } catch (error) {
      failures.push(error);
      left.abort();
    }
  }

  for (;;) {
    while (!stop.aborted && running.size < atOnceMax) {
      const task = waiting.shift();
      if (task === undefined) break;
      const started: Promise<void> = run(task).finally(() => running.delete(started));
      running.add(started);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  signal.throwIfAborted();
  // Those that were stopped by the first failure have nothing to add to it.
  if (failures.length > 0) throw failures[0];
  return end;
}
