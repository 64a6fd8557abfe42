const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The text form of a duration, as a pattern: a whole number and a unit, `500ms`, `30s`, `5m`, `1h`, `2d`. */
export const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/;

/**
 * Reads `30s`, `5m`, `1h`, `2d` or `500ms` as milliseconds: a whole number and one unit, nothing else.
 * @returns null when the text is not a duration
 */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = DURATION_PATTERN.exec(text) ?? [];
  if (amount === undefined || !isUnit(unit)) return null;
  return Number(amount) * UNIT_MS[unit];
}

/** The shortest text that `parseDuration` reads as the same time. `durationMs`: a whole number >= 0. */
export function formatDuration(durationMs: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find(
    (candidate) => durationMs >= UNIT_MS[candidate] && durationMs % UNIT_MS[candidate] === 0,
  );
  return unit === undefined
    ? `${durationMs}${durationMs === 0 ? 's' : 'ms'}`
    : `${durationMs / UNIT_MS[unit]}${unit}`;
}

function isUnit(text: string | undefined): text is keyof typeof UNIT_MS {
  return text !== undefined && Object.hasOwn(UNIT_MS, text);
}
