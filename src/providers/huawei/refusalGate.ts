import { SourceError } from '../sourceError.ts';

/**
 * Keeps an account from being asked again and again with keys that were refused: more than five refusals in a row lock a key
 * for 5 minutes at the gateway. Source: FAQ of the API gateway (November 2026).
 */
export interface RefusalGate {
  /** @throws SourceError of kind `credentials`, the same as before, while the last refusal is younger than the rest */
  check(): void;
  /** Notes a failure; only those of kind `credentials` close the gate. */
  note(error: unknown): void;
}

const restMs = 5 * 60_000;

export function createRefusalGate(nowMs: () => number): RefusalGate {
  let last: { readonly error: SourceError; readonly atMs: number } | null = null;
  return {
    check: () => {
      if (last === null) return;
      const leftMs = last.atMs + restMs - nowMs();
      if (leftMs <= 0) {
        last = null;
        return;
      }
      const { message, detail } = last.error;
      throw new SourceError(
        'credentials',
        `${message} (asked ${Math.round((restMs - leftMs) / 1_000)} s ago; this time nothing was sent)`,
        {
          detail: { api: detail.api, ...(detail.code === undefined ? {} : { code: detail.code }) },
        },
      );
    },
    note: (error) => {
      if (error instanceof SourceError && error.kind === 'credentials') {
        last = { error, atMs: nowMs() };
      }
    },
  };
}
