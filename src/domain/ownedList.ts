import type { JsonValue } from './json.ts';
import { nextPoll, type PollBounds } from './pollTiming.ts';

// Data in, data out: when the list of an owner (the logs of an execution) is read, and when it is read no more.

/** What is remembered of an owner between walks. Times in epoch milliseconds. */
export interface OwnerState {
  readonly firstSeenAtMs: number;
  /** When a terminal status was first seen; null while it runs. */
  readonly endSeenAtMs: number | null;
  /** When its list was last read to the end; null before the first time. */
  readonly lastReadAtMs: number | null;
  /** The next read is not before this. */
  readonly nextReadAtMs: number;
  /** Its end was read: it is not read any more. */
  readonly closedAtMs: number | null;
}

/** How an owner was just seen. */
export interface OwnerSighting {
  readonly isTerminal: boolean;
  /** As the provider says; null when it does not. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** How an owner's list is read: `PollBounds` while it runs, and once more `settleMs` after its end. */
export interface OwnerTiming extends PollBounds {
  readonly settleMs: number;
}

/** Why a walk over owned lists may have missed something: `walks.incomplete_reason`. */
export const LIST_DOUBTS = ['list_growing', 'selection_moved', 'token_missing'] as const;
export type ListDoubt = (typeof LIST_DOUBTS)[number];

/** Whether the status of an owner that is known need not even be asked. */
export function isAtRest(state: OwnerState | undefined, nowMs: number): boolean {
  return state !== undefined && (state.closedAtMs !== null || nowMs < state.nextReadAtMs);
}

/** Whether its list is to be read now. An owner that has just ended is, whenever it would have been its turn. */
export function isDue(
  state: OwnerState | undefined,
  sighting: OwnerSighting,
  nowMs: number,
): boolean {
  if (state === undefined) return true;
  if (state.closedAtMs !== null) return false;
  const hasJustEnded = sighting.isTerminal && state.endSeenAtMs === null;
  return hasJustEnded || nowMs >= state.nextReadAtMs;
}

/**
 * What is remembered after a read. It closes the owner when everything is counted and the read began `settleMs` after the end at
 * least: last entries may come in after the status. While the owner runs, reads become rarer with its age, within the bounds.
 */
export function afterRead(
  state: OwnerState | undefined,
  sighting: OwnerSighting,
  read: { readonly begunAtMs: number; readonly isCertain: boolean; readonly timing: OwnerTiming },
): OwnerState {
  const { begunAtMs, isCertain, timing } = read;
  const firstSeenAtMs = state?.firstSeenAtMs ?? begunAtMs;
  const seen = { firstSeenAtMs, lastReadAtMs: begunAtMs };
  if (!sighting.isTerminal) {
    const sinceMs = sighting.startedAtMs ?? firstSeenAtMs;
    const { delayMs } = nextPoll({ progressPercent: null, sinceMs, nowMs: begunAtMs }, timing);
    const nextReadAtMs = begunAtMs + (isCertain ? delayMs : 0);
    return { ...seen, endSeenAtMs: null, nextReadAtMs, closedAtMs: null };
  }
  const endSeenAtMs = state?.endSeenAtMs ?? begunAtMs;
  // A clock that is ahead of ours must not put the last read off.
  const endedAtMs = Math.min(sighting.endedAtMs ?? endSeenAtMs, endSeenAtMs);
  const settledAtMs = endedAtMs + timing.settleMs;
  const closes = isCertain && begunAtMs >= settledAtMs;
  return {
    ...seen,
    endSeenAtMs,
    nextReadAtMs: Math.max(settledAtMs, begunAtMs),
    closedAtMs: closes ? begunAtMs : null,
  };
}

/** What a checkpoint holds of an owner; undefined for what another version of LogFerry wrote: it is then read anew. */
export function ownerStateOf(stored: JsonValue | undefined): OwnerState | undefined {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined;
  const state = stored as Readonly<Record<string, JsonValue>>;
  const { firstSeenAtMs, endSeenAtMs, lastReadAtMs, nextReadAtMs, closedAtMs } = state;
  if (typeof firstSeenAtMs !== 'number' || typeof nextReadAtMs !== 'number') return undefined;
  return {
    ...{ firstSeenAtMs, nextReadAtMs },
    endSeenAtMs: typeof endSeenAtMs === 'number' ? endSeenAtMs : null,
    lastReadAtMs: typeof lastReadAtMs === 'number' ? lastReadAtMs : null,
    closedAtMs: typeof closedAtMs === 'number' ? closedAtMs : null,
  };
}
