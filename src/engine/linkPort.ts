import type { OpenFile } from './filePort.ts';

/** Fetching from pre-signed links. A link is a secret: it stands in no message, log line or error. */
export interface LinkClient {
  /**
   * Begins one try at the file behind a link. The host must be allowed, and its addresses public; each redirect is judged anew.
   * @throws LinkError
   */
  open(link: string): OpenFile;
}

export const LINK_FAULTS = [
  /** The host is not allowed, or its address is private: a matter of configuration. */
  'host_refused',
  /** No link at all, or none that can be fetched: not http, with a user name. */
  'not_a_link',
  /** Expired, or its signature is refused: another one may work. */
  'expired',
  /** The store says that there is no such file. */
  'no_file',
  /** The store asks for fewer requests. */
  'throttled',
  /** A failure that may pass: cut off, a timeout, a server error. */
  'transient',
  /** Any other answer. */
  'refused',
] as const;
export type LinkFault = (typeof LINK_FAULTS)[number];

/** Why a file could not be fetched. The message names host, status and the store's error code, never path or query. */
export class LinkError extends Error {
  readonly fault: LinkFault;
  /** How long the store asks to wait; null when it does not say. Milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(
    fault: LinkFault,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number | null } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'LinkError';
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
