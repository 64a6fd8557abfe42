/**
 * Seeded chance without state: the same parts always give the same number, whatever was asked before. So an answer
 * depends on the seed and on which request it is, never on timing.
 */
export type Part = string | number;

/** Spreads the parts over 0..2^32-1 (inclusive). FNV-1a, then two multiply-and-shift rounds to even out the low bits. */
export function hash32(parts: readonly Part[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    const text = String(part);
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** 0 <= number < 1. */
export function unitOf(parts: readonly Part[]): number {
  return hash32(parts) / 2 ** 32;
}

/** A whole number, `min` and `max` inclusive. */
export function wholeOf(parts: readonly Part[], min: number, max: number): number {
  return min + Math.floor(unitOf(parts) * (max - min + 1));
}

export function pickOf<T>(parts: readonly Part[], items: readonly [T, ...T[]]): T {
  return items[Math.floor(unitOf(parts) * items.length)] ?? items[0];
}
