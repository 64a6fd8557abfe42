/**
 * Every claim of a stream begins at the next multiple of this version, every page adds one. A walker hands a page to the sink
 * before the page ahead of it is stored, under the version that one will leave: with claims this far apart, that guess never
 * meets the version of a walker that came later.
 */
export const pagesPerClaimMax = 1_000_000;
