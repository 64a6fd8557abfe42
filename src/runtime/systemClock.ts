import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../engine/ports.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (delayMs, signal) => {
    await sleep(delayMs, undefined, { signal });
  },
};
