import { createHash, type Hash } from 'node:crypto';

const MEBIBYTE = 1024 * 1024;

/**
 * The ETag of a file as an object store makes it of what was uploaded, in upper case. Parts are as large as each other but for
 * the last, in whole MiB where that gives so many of them.
 */
export function etagOf(
  pieces: Iterable<Buffer>,
  upload: { readonly bytes: number; readonly parts: number },
): string {
  const { bytes, parts } = upload;
  const partBytes = parts === 1 ? bytes : partBytesOf(bytes, parts);
  const digests: Buffer[] = [];
  let part: Hash = createHash('md5');
  let inPart = 0;
  for (const piece of pieces) {
    let left = piece;
    while (left.length > 0) {
      if (inPart === partBytes) {
        digests.push(part.digest());
        [part, inPart] = [createHash('md5'), 0];
      }
      const taken = left.subarray(0, partBytes - inPart);
      part.update(taken);
      inPart += taken.length;
      left = left.subarray(taken.length);
    }
  }
  digests.push(part.digest());
  if (parts === 1) return Buffer.concat(digests).toString('hex').toUpperCase();
  const whole = createHash('md5').update(Buffer.concat(digests)).digest('hex').toUpperCase();
  return `${whole}-${digests.length}`;
}

function partBytesOf(bytes: number, parts: number): number {
  const even = Math.max(1, Math.ceil(bytes / parts));
  const inMebibytes = Math.ceil(even / MEBIBYTE) * MEBIBYTE;
  return Math.ceil(bytes / inMebibytes) === parts ? inMebibytes : even;
}
