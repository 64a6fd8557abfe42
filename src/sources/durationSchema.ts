import { z } from 'zod';
import { DURATION_PATTERN, formatDuration, parseDuration } from '../domain/duration.ts';

/** A duration of the file (`30s`), read as milliseconds; both bounds are inclusive. */
export function durationSchema(from: string, to: string) {
  const minMs = parseDuration(from) ?? 0;
  const maxMs = parseDuration(to) ?? Infinity;
  return z
    .string()
    .regex(DURATION_PATTERN, 'must be a duration: 500ms, 30s, 5m, 1h or 2d')
    .transform((text, context) => {
      const durationMs = parseDuration(text) ?? 0;
      if (durationMs < minMs || durationMs > maxMs) {
        const range = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
        context.addIssue({ code: 'custom', message: `must be from ${range}` });
      }
      return durationMs;
    });
}
