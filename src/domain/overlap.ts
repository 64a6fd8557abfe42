/** How many of the last proven rows are remembered: as many rows may be inserted or deleted between two requests before a walk has to restart. */
const ANCHORS_MAX = 256;

/** The keys of a page's rows in order. Null: a row that says nothing by which to know it again; it proves nothing. */
export type RowKeys = readonly (string | null)[];

export type Overlap =
  | {
      readonly kind: 'found';
      /** Indices of the rows not known before. */
      readonly unknown: readonly number[];
      /** How many rows without a key stand at the end of the page. */
      readonly trailing: number;
    }
  | { readonly kind: 'none' };

/**
 * Looks for rows that the walk has already proven in a page. Rows behind the last of them follow it in the list without
 * a gap, wherever the list has moved to meanwhile. Holds while the list keeps its relative order.
 * `trailing`: so many rows without a key were seen directly behind the last proven row; the same ones are not new.
 */
export function findOverlap(anchors: readonly string[], keys: RowKeys, trailing: number): Overlap {
  const known = new Set(anchors);
  const last = keys.findLastIndex((key) => key !== null && known.has(key));
  if (last === -1) return { kind: 'none' };
  const unknown = keys.flatMap((key, index) => {
    const seen = key === null ? index <= last + trailing : known.has(key);
    return seen ? [] : [index];
  });
  return { kind: 'found', unknown, trailing: trailingOf(keys) };
}

/** How many rows without a key stand at the end of a page. */
export function trailingOf(keys: RowKeys): number {
  return keys.length - 1 - keys.findLastIndex((key) => key !== null);
}

/** Remembers the newest ANCHORS_MAX of the proven rows. */
export function rememberAnchors(anchors: readonly string[], keys: RowKeys): readonly string[] {
  const fresh = new Set(keys.filter((key) => key !== null));
  return [...anchors.filter((key) => !fresh.has(key)), ...fresh].slice(-ANCHORS_MAX);
}
