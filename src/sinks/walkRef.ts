/** A walk as one walker holds it. `version` is the fence: whoever claims the stream later makes it stale. */
export interface WalkRef {
  readonly streamId: string;
  /** The part of the stream that is walked; empty text for the live walk. Each part has its own fence. */
  readonly partition: string;
  readonly walkId: string;
  readonly version: number;
  readonly startedAtMs: number;
}

/** The walk's checkpoint was moved by another walker: nothing was written, this walker must stop. */
export interface Moved {
  readonly kind: 'moved';
}
