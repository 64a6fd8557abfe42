/** unavailable: not reachable now, try again. refused: reachable, but it does not let us in. misconfigured: a human must change the setting. */
export type QueueErrorKind = 'unavailable' | 'refused' | 'misconfigured';

/** Thrown when the queue itself fails. The message says which server, what it answered and what to do; never a password. */
export class QueueError extends Error {
  readonly kind: QueueErrorKind;

  constructor(kind: QueueErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'QueueError';
    this.kind = kind;
  }
}
