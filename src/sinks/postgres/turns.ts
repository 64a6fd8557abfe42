/** Runs work of one key in the order it was handed in, one at a time; other keys go on beside it. */
export type InTurn = <Value>(key: string, work: () => Promise<Value>) => Promise<Value>;

/**
 * Pages of a walk are handed in before the page ahead of them is stored, so that they are hashed and written out meanwhile.
 * On two connections they could reach the checkpoint in the wrong order; in turn they cannot.
 */
export function createTurns(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    const forget = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  };
}
