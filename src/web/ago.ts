/** How long ago, in one unit, rounded down: `12 s`, `5 min`, `3 h`, `2 d`. Times in epoch milliseconds. */
export function ago(timeMs: number, nowMs: number): string {
  const seconds = Math.max(Math.floor((nowMs - timeMs) / 1_000), 0);
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `2026-11-23 03:12:45 UTC` */
export function utcText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
