/** The `code` of a system error, `ENOENT`; null when the error carries none. */
export function errorCodeOf(error: unknown): string | null {
  return typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string'
    ? error.code
    : null;
}
