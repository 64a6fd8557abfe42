/**
 * Does some work for each item, in their order, at most so many at a time. When one fails, the others are told to stop by their
 * signal, no further one is begun, and all have ended when this ends.
 * @throws the first failure
 */
export async function inParallel<Item>(
  items: readonly Item[],
  {
    atOnceMax,
    work,
  }: {
    readonly atOnceMax: number;
    readonly work: (item: Item, signal: AbortSignal) => Promise<void>;
  },
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...items];
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      if (stop.signal.aborted) return;
      try {
        await work(item, stopped);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnceMax }, next));
  if (ended.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
}
