/** Runs pieces of work of one key, in the order they were handed in, at most so many at once; other keys go on beside it. */
export type InSlots = <Value>(
  slots: { readonly key: string; readonly atOnceMax: number },
  work: () => Promise<Value>,
) => Promise<Value>;

interface Queue {
  running: number;
  /** Those that wait, first come first. */
  readonly waiting: { readonly atOnceMax: number; readonly start: () => void }[];
}

/** Slots of one process. With `atOnceMax` 1 the work of a key is done in turn. Bounds of one key may differ: each piece keeps its own. */
export function createSlots(): InSlots {
  const queues = new Map<string, Queue>();

  function startNext(key: string, queue: Queue): void {
    const [next] = queue.waiting;
    if (next === undefined) {
      if (queue.running === 0) queues.delete(key);
      return;
    }
    if (queue.running >= next.atOnceMax) return;
    queue.waiting.shift();
    queue.running += 1;
    next.start();
    startNext(key, queue);
  }

  return async ({ key, atOnceMax }, work) => {
    const queue = queues.get(key) ?? { running: 0, waiting: [] };
    queues.set(key, queue);
    await new Promise<void>((resolve) => {
      queue.waiting.push({ atOnceMax, start: resolve });
      startNext(key, queue);
    });
    try {
      return await work();
    } finally {
      queue.running -= 1;
      startNext(key, queue);
    }
  };
}
