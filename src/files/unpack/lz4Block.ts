/** A match is no longer than this many bytes back: what has to be kept of the blocks before. */
export const LZ4_HISTORY_BYTES = 64 * 1024;

/**
 * Unpacks an LZ4 block behind `start` of `out`; matches may reach back into what stands there from `historyFrom` on.
 * Source: lz4_Block_format.md of the LZ4 project.
 * @returns where it ends in `out`; -1 when the block is not sound, or does not fit
 */
export function unpackLz4Block(
  block: Uint8Array,
  out: Buffer,
  { start, historyFrom }: { readonly start: number; readonly historyFrom: number },
): number {
  const blockEnd = block.length;
  let at = 0;
  let to = start;
  while (at < blockEnd) {
    const token = block[at++] ?? 0;
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (at >= blockEnd) return -1;
        more = block[at++] ?? 0;
      }
    }
    if (at + literals > blockEnd || to + literals > out.length) return -1;
    if (literals > 32) {
      out.set(block.subarray(at, at + literals), to);
      at += literals;
      to += literals;
    } else {
      for (const end = at + literals; at < end;) out[to++] = block[at++] ?? 0;
    }
    // The last sequence has literals only.
    if (at === blockEnd) return to;
    if (at + 2 > blockEnd) return -1;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      for (let more = 255; more === 255; length += more) {
        if (at >= blockEnd) return -1;
        more = block[at++] ?? 0;
      }
    }
    let from = to - distance;
    if (distance === 0 || from < historyFrom || to + length > out.length) return -1;
    if (length > 48 && distance >= length) {
      out.copyWithin(to, from, from + length);
      to += length;
    } else {
      // Byte by byte: a match may overlap what it writes.
      for (const end = to + length; to < end;) out[to++] = out[from++] ?? 0;
    }
  }
  // An empty block, or one that ends with a match: no encoder writes them.
  return -1;
}
