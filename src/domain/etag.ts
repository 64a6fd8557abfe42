// Data in, data out. What the checksum says that an object store gives for a file.

export type ETag =
  | { readonly form: 'none' }
  /** Of all bytes; 32 lower-case hex digits. */
  | { readonly form: 'md5'; readonly md5: string }
  /** Of the MD5s of so many parts; 32 lower-case hex digits. */
  | { readonly form: 'parts'; readonly md5: string; readonly parts: number }
  | { readonly form: 'unknown' };

/**
 * Reads an ETag: quoted or not, weak or not, in either case. OSS and S3 give the MD5 of a file that was uploaded at once, and for one
 * uploaded in parts the MD5 of the parts' binary MD5s, a hyphen and their number.
 */
export function readETag(text: string | null): ETag {
  const bare = (text ?? '')
    .trim()
    .replace(/^W\//i, '')
    .replace(/^"(.*)"$/s, '$1')
    .trim();
  if (bare === '') return { form: 'none' };
  const [, md5, count] = /^([\da-f]{32})(?:-([1-9]\d{0,5}))?$/i.exec(bare) ?? [];
  if (md5 === undefined) return { form: 'unknown' };
  return count === undefined
    ? { form: 'md5', md5: md5.toLowerCase() }
    : { form: 'parts', md5: md5.toLowerCase(), parts: Number(count) };
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** What the uploaders of object stores take when nobody tells them otherwise. */
const usualMiB = [1, 5, 6, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 500, 512, 1024];
/** Each one costs a reading of the whole file. */
const candidatesMax = 16;

/**
 * Part sizes that cut a file of so many bytes into so many parts, the likelier first, 16 at most: usual ones, whole MiB, whole
 * hundreds of KiB, and what an even division gives. Every part but the last has that size. None when there is no such size.
 */
export function partSizes(fileBytes: number, parts: number): readonly number[] {
  if (parts === 1) return [Math.max(1, fileBytes)];
  const partBytesMin = Math.ceil(fileBytes / parts);
  const partBytesMax = Math.floor((fileBytes - 1) / (parts - 1));
  const isPossible = (partBytes: number): boolean =>
    partBytes > 0 && partBytes >= partBytesMin && partBytes <= partBytesMax;
  const candidates = new Set<number>(usualMiB.map((mib) => mib * MIB).filter(isPossible));
  // Not all of the room goes to one kind: of a large file with few parts there are hundreds of multiples.
  const halfFull = candidatesMax / 2;
  const evenly = [partBytesMin, ...[16, KIB, 64 * KIB].map((unit) => roundUp(partBytesMin, unit))];
  for (const partBytes of evenly.filter(isPossible)) candidates.add(partBytes);
  addMultiples(candidates, { unit: MIB, from: partBytesMin, to: partBytesMax, upTo: halfFull });
  const hundreds = { unit: 100 * KIB, from: partBytesMin, to: partBytesMax };
  addMultiples(candidates, { ...hundreds, upTo: candidatesMax });
  return [...candidates].slice(0, candidatesMax);
}

function addMultiples(
  candidates: Set<number>,
  of: {
    readonly unit: number;
    readonly from: number;
    readonly to: number;
    readonly upTo: number;
  },
): void {
  for (let at = roundUp(of.from, of.unit); at <= of.to; at += of.unit) {
    if (candidates.size >= of.upTo) return;
    candidates.add(at);
  }
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
