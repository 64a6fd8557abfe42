/**
 * A delay that doubles with every failure in a row, up to `maxMs`, with full jitter on its upper half, so that many
 * walkers do not come back at the same moment. `failures` >= 1; 0 <= `random` < 1.
 */
export function backoffMs(
  failures: number,
  bounds: { readonly baseMs: number; readonly maxMs: number },
  random: number,
): number {
  const exponent = Math.min(Math.max(0, failures - 1), 30);
  const ceilingMs = Math.min(bounds.maxMs, bounds.baseMs * 2 ** exponent);
  return Math.round(ceilingMs / 2 + (random * ceilingMs) / 2);
}
