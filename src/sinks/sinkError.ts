/**
 * unavailable: the store cannot be reached or is busy; the same call may succeed later. refused: it answers and says no
 * (password, missing database or privilege, a stream that changed its source); a human must act. bug: LogFerry asked for
 * something impossible.
 */
export type SinkErrorKind = 'unavailable' | 'refused' | 'bug';

/** Thrown by every sink for every failure. The message says what was attempted and what to do; never a password. */
export class SinkError extends Error {
  readonly kind: SinkErrorKind;

  constructor(kind: SinkErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'SinkError';
    this.kind = kind;
  }
}
