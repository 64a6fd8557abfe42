const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

/** xxHash of 32 bits with seed 0: the checksum of LZ4 frames. Source: xxHash specification, v0.1.1. */
export function xxh32(bytes: Buffer): number {
  let at = 0;
  let hash = PRIME_5;
  if (bytes.length >= STRIPE_BYTES) {
    let one = (PRIME_1 + PRIME_2) | 0;
    let two = PRIME_2 | 0;
    let three = 0;
    let four = -PRIME_1 | 0;
    for (; at <= bytes.length - STRIPE_BYTES; at += STRIPE_BYTES) {
      one = round(one, bytes.readInt32LE(at));
      two = round(two, bytes.readInt32LE(at + 4));
      three = round(three, bytes.readInt32LE(at + 8));
      four = round(four, bytes.readInt32LE(at + 12));
    }
    hash = rotated(one, 1) + rotated(two, 7) + rotated(three, 12) + rotated(four, 18);
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotated(hash + Math.imul(bytes.readInt32LE(at), PRIME_3), 17), PRIME_4);
  }
  for (; at < bytes.length; at += 1) {
    hash = Math.imul(rotated(hash + Math.imul(bytes.readUInt8(at), PRIME_5), 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotated(lane + Math.imul(word, PRIME_2), 13), PRIME_1);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
