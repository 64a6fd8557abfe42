/** What an error says. Read by shape: errors of Node's own modules are no `Error` of a test's realm. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    typeof error.message === 'string'
    ? error.message
    : String(error);
}
