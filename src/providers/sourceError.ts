/**
 * transient: network, 5xx, cut body; retry with backoff. throttled: the budget of account and API pauses, no attempt is
 * spent. rejected: the request itself is refused (wrong project, no permission); retrying will not help before a human
 * acts. credentials: key, signature, token or clock. drift: a 2xx answer of a shape nobody documented.
 */
export type SourceErrorKind = 'transient' | 'throttled' | 'rejected' | 'credentials' | 'drift';

export interface SourceErrorDetail {
  readonly api: string;
  readonly status?: number;
  /** The provider's error code: `ProjectNotExist`. */
  readonly code?: string;
  readonly requestId?: string;
  /** How long the provider asked to wait. Milliseconds. */
  readonly retryAfterMs?: number;
  /** Local clock minus the server's Date header, when the request was refused for its time. Milliseconds. */
  readonly clockSkewMs?: number;
}

/** Thrown at the provider edge for every failed call. The message names what was attempted, what came back, what to do. */
export class SourceError extends Error {
  readonly kind: SourceErrorKind;
  readonly detail: SourceErrorDetail;

  constructor(
    kind: SourceErrorKind,
    message: string,
    options: { readonly detail: SourceErrorDetail; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SourceError';
    this.kind = kind;
    this.detail = options.detail;
  }
}
