/** Where a record stands in a text. */
export interface RecordSpan {
  readonly start: number;
  /** Exclusive; without its line end. */
  readonly end: number;
  /** Lines it takes: more than one where a line end is quoted. */
  readonly lines: number;
}

/** How the records of a format are told apart. The signs that do it are ASCII in every format there is. */
export interface RecordFormat<R extends RecordSpan> {
  /**
   * Finds the records of a text that begins where a record does. Every text but the last ends behind a line end; `consumed` is where
   * a record begins whose end has not come yet.
   */
  find(
    text: string,
    isLast: boolean,
  ): { readonly records: readonly R[]; readonly consumed: number };
  /** Looks for the end of a record that is too long to be held. */
  createSkipper(): RecordSkipper;
}

/** @returns the place behind the record's line end, -1 when it has not come yet. Called with one piece after another. */
export type RecordSkipper = (piece: Uint8Array) => number;
