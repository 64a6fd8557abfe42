/**
 * Pulls the next page while the consumer is busy with the last one, never more than one ahead. Leaving the loop early
 * fires `stop`, so that a request under way ends at once, and waits until it has.
 */
export async function* oneAhead<Page>(
  pages: (stop: AbortSignal) => AsyncGenerator<Page>,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const left = new AbortController();
  const source = pages(AbortSignal.any([signal, left.signal]));
  let next = source.next();
  try {
    for (;;) {
      const page = await next;
      if (page.done === true) return;
      next = source.next();
      // A failure of the page ahead is met when that page is asked for, not as an unhandled rejection meanwhile.
      next.catch(() => undefined);
      yield page.value;
    }
  } finally {
    left.abort();
    await next.catch(() => undefined);
    await source.return(undefined);
  }
}
