/** The `stream` of an API or client from which nothing is downloaded. */
export function noStream(): Promise<never> {
  return Promise.reject(new Error('nothing is downloaded here'));
}
