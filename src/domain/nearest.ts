/**
 * The candidate that a mistyped word most likely meant: the one with the fewest edits (insert, delete, replace, swap of
 * neighbours), at most one edit for every three characters of the word. Case does not count. Ties go to the first.
 * @returns null when nothing is near
 */
export function nearestOf(word: string, candidates: readonly string[]): string | null {
  const wanted = word.toLowerCase();
  const editsMax = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly candidate: string; readonly edits: number } | null = null;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) > editsMax) continue;
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits <= editsMax && (best === null || edits < best.edits)) best = { candidate, edits };
  }
  return best === null ? null : best.candidate;
}

/** Optimal string alignment distance, in three rows. */
function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + replaced,
          swapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
