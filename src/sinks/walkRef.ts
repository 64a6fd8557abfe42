/** A walk as one walker holds it. `version` is the fence: whoever claims the stream later makes it stale. */
export interface WalkRef {
  readonly streamId: string;
  readonly walkId: string;
  readonly version: number;
  readonly startedAtMs: number;
}

/** The walk's checkpoint was moved by another walker: nothing was written, this walker must stop. */
export interface Moved {
  readonly kind: 'moved';
}
