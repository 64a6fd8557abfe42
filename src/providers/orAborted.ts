/**
 * Waits for work that others may be waiting for too: it goes on when this signal fires, and only this caller stops waiting.
 * @throws the signal's reason when it fires first
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stopListening: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    const onAbort = () => {
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stopListening = () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    stopListening();
  }
  signal.throwIfAborted();
  return work;
}
