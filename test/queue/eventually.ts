import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats the check until it passes, for at most 15 s; then its own failure is thrown. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = Date.now() + 15_000;
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
