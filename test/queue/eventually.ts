import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats the check until it passes, for at most 40 s (two busy cores, and less than a test may take); then its own failure is thrown. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(25);
    }
  }
}
