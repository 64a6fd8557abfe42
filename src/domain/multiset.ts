/**
 * Counts how often each content has come so far: the first time 1, its twin 2, and so on. Entries without an id are told apart
 * by (scope, content, nth occurrence), so a content that stands n times in a list is n rows, in whatever order it is read.
 */
export function occurrenceCounter(): (content: string) => number {
  const counts = new Map<string, number>();
  return (content) => {
    const nth = (counts.get(content) ?? 0) + 1;
    counts.set(content, nth);
    return nth;
  };
}

/** How often each content stands in the list. */
export function countContents(contents: readonly string[]): ReadonlyMap<string, number> {
  const count = occurrenceCounter();
  return new Map(contents.map((content) => [content, count(content)]));
}
