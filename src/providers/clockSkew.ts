/** The services refuse requests dated further off than this. Source: error-codes page of SLS (November 2026). */
const SKEW_MS_MAX = 15 * 60_000;

/**
 * This machine's clock minus the server's, in milliseconds, to the second (the resolution of the Date header); undefined
 * when the server sent no readable date.
 */
export function clockSkewOf(
  dateHeader: string | undefined,
  receivedAtMs: number,
): number | undefined {
  if (dateHeader === undefined) return undefined;
  const serverMs = Date.parse(dateHeader);
  return Number.isNaN(serverMs) ? undefined : receivedAtMs - serverMs;
}

/** True when a clock is further off than the services allow. */
export function isClockOff(skewMs: number): boolean {
  return Math.abs(skewMs) > SKEW_MS_MAX;
}

/** What to do about a request that was refused for its time, naming the measured difference. */
export function clockAdvice(skewMs: number | undefined): string {
  if (skewMs === undefined) {
    return "the server calls the request's time wrong and sent none of its own: check this machine's clock (NTP)";
  }
  const distance = spell(Math.abs(skewMs));
  const difference = `this machine's clock is ${distance} ${skewMs < 0 ? 'behind' : 'ahead of'} the server's`;
  return isClockOff(skewMs)
    ? `${difference}; set the clock (NTP)`
    : `${difference}, which is allowed: the request was late on its way, or the clock was set meanwhile`;
}

/** `17 min 3 s`, `2 d 4 h`: the two largest units. */
function spell(durationMs: number): string {
  const seconds = Math.round(durationMs / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown
    .filter(([amount], index) => amount > 0 || index === 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
