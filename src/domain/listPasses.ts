import { countContents } from './multiset.ts';

/**
 * How often each content stands in a list that grows while it is read. Data in, data out.
 *
 * The list holds entries without an id, of which some are twins. It is read in passes, each from its first page to its last. While
 * it grows, a page border moves: rows of one page come again on the next one, and look like twins. What is assumed: nothing is
 * taken out of the list, and a pass skips nothing (rows that come in before the place that was reached push others back, never
 * forward). Nothing is assumed about where new rows come in, how many, or about page sizes.
 *
 * - Rows of one answer are different rows: a content stands in the list at least as often as in any one page.
 * - A pass meets every row that was there when it began: a content stood there at most as often as the pass met it.
 * - Two passes in a row that met the very same rows: the list stood still from the end of the first to the end of the second,
 *   so that the second one counted exactly.
 */
export type PassVerdict =
  /** Everything that was listed when the first pass began is counted. `counts`: contents that stand there more often than any one page shows. */
  | { readonly kind: 'certain'; readonly counts: ReadonlyMap<string, number> }
  /** Some content may have twins that no page shows together: another pass is needed. */
  | { readonly kind: 'uncertain' };

/** A pass: the contents of its pages, in order. */
export type Pass = readonly (readonly string[])[];

/** Judges the passes made so far, at least one, in the order they were made. */
export function judgePasses(passes: readonly Pass[]): PassVerdict {
  const last = passes.at(-1)?.flat() ?? [];
  const before = passes.at(-2)?.flat();
  if (before !== undefined && isSame(before, last)) {
    const shown = shownAtLeast(passes);
    const counts = [...countContents(last)].filter(([content, n]) => n > (shown.get(content) ?? 0));
    return { kind: 'certain', counts: new Map(counts) };
  }
  const atLeast = shownAtLeast(passes);
  const atMost = metAtMost(passes);
  const isCounted = [...atMost].every(([content, n]) => (atLeast.get(content) ?? 0) >= n);
  return isCounted ? { kind: 'certain', counts: new Map() } : { kind: 'uncertain' };
}

/** For each content, the most that one page showed of it. */
function shownAtLeast(passes: readonly Pass[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const page of passes.flat()) {
    for (const [content, n] of countContents(page)) {
      if (n > (most.get(content) ?? 0)) most.set(content, n);
    }
  }
  return most;
}

/** For each content that every pass met, the least that a pass met of it. Others were not there when the first pass began. */
function metAtMost(passes: readonly Pass[]): ReadonlyMap<string, number> {
  const [first = new Map<string, number>(), ...rest] = passes.map((pass) =>
    countContents(pass.flat()),
  );
  return new Map(
    [...first].map(([content, n]) => [
      content,
      Math.min(n, ...rest.map((counts) => counts.get(content) ?? 0)),
    ]),
  );
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((content, index) => content === b[index]);
}
