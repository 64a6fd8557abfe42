import type { JsonValue } from '../domain/json.ts';
import type { GapReason, WindowState } from '../domain/windows.ts';

/** A range of time that could not be read whole yet. Times in epoch milliseconds. */
export interface KnownGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: GapReason;
  readonly tries: number;
  readonly nextTryAtMs: number;
}

/** A position of another version of LogFerry is not understood: reading begins at the start again, which loses nothing. */
export function windowStateOf(stored: JsonValue | undefined): WindowState | null {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return null;
  const isKnown = ['startS', 'readToS', 'ahead', 'gaps'].every((field) =>
    Object.hasOwn(stored, field),
  );
  return isKnown ? (stored as unknown as WindowState) : null;
}

/** The incomplete ranges among the positions of a stream, of the live reading and of backfills. */
export function gapsIn(states: ReadonlyMap<string, JsonValue>): readonly KnownGap[] {
  const gaps = [...states.values()].flatMap((state) => windowStateOf(state)?.gaps ?? []);
  return gaps.map(({ fromS, toS, reason, tries, nextTryAtMs }) => ({
    ...{ fromMs: fromS * 1_000, toMs: toS * 1_000, reason, tries, nextTryAtMs },
  }));
}
