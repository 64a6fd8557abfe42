/** Thrown when embedded PostgreSQL cannot be run here. The message says why in one line, and what to do. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'EmbeddedPostgresError';
  }
}

/** The system's error code, `EACCES`; null for anything else. */
export function systemCodeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
