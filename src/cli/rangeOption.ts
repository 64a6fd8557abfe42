import { UsageError } from './usageError.ts';

/**
 * The range of `--from` and `--to`, [fromMs, toMs), whole seconds: `2026-11-01T00:00:00Z`, or `2026-11-01`, which begins at midnight UTC.
 * @throws UsageError when it is none, or does not lie in the past
 */
export function rangeOption(
  { from, to }: { readonly from: string; readonly to: string },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const range = { fromMs: timeOf('--from', from), toMs: timeOf('--to', to) };
  if (range.fromMs >= range.toMs) throw new UsageError('--from must be before --to');
  if (range.toMs > nowMs) throw new UsageError('--to must not be in the future');
  return range;
}

function timeOf(option: string, text: string): number {
  const pattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/;
  const timeMs = pattern.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(timeMs)) {
    throw new UsageError(
      `${option} must be a time like 2026-11-01T00:00:00Z or a day like 2026-11-01`,
    );
  }
  return timeMs;
}
