/** How many of the last proven rows are remembered: as many rows may be inserted or deleted between two requests before a walk has to restart. */
export const ANCHORS_MAX = 256;

export type Overlap =
  /** `after`: index of the first row behind the last known one. `unknown`: indices of all rows not known before. */
  | { readonly kind: 'found'; readonly after: number; readonly unknown: readonly number[] }
  | { readonly kind: 'none' };

/**
 * Looks for rows that the walk has already proven in a page. Rows behind the last of them follow it in the list without
 * a gap, wherever the list has moved to meanwhile. Holds while the list keeps its relative order.
 */
export function findOverlap(anchors: readonly string[], keys: readonly string[]): Overlap {
  const known = new Set(anchors);
  let last = -1;
  const unknown: number[] = [];
  keys.forEach((key, index) => {
    if (known.has(key)) last = index;
    else unknown.push(index);
  });
  return last === -1 ? { kind: 'none' } : { kind: 'found', after: last + 1, unknown };
}

/** Remembers the newest ANCHORS_MAX of the proven rows. */
export function rememberAnchors(
  anchors: readonly string[],
  keys: readonly string[],
): readonly string[] {
  const fresh = new Set(keys);
  return [...anchors.filter((key) => !fresh.has(key)), ...fresh].slice(-ANCHORS_MAX);
}
