/** Thrown when the dashboard cannot be served as configured. The message says what to change. */
export class WebError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'WebError';
  }
}
