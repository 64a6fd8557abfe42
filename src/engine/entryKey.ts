import { hash } from 'node:crypto';

const keyCharacters = 32;

/** The 128-bit hash of these parts as 32 hexadecimal characters; other parts, or parted elsewhere, give another one. */
export function hashKeyOf(parts: readonly (string | number)[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, keyCharacters);
}
