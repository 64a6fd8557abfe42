import { createHash } from 'node:crypto';
import { partSizes, readETag } from '../domain/etag.ts';
import type { ExpectedFile, FetchedFile, Verification } from '../engine/filePort.ts';
import { filePieces } from './filePieces.ts';

/** Compares size and checksum: see FileEngine.verify. */
export async function verifyFile(
  file: FetchedFile,
  expected: ExpectedFile,
  signal: AbortSignal,
): Promise<Verification> {
  if (expected.bytes !== null && expected.bytes !== file.bytes) {
    const message = `the file has ${file.bytes} bytes and should have ${expected.bytes}`;
    return { kind: 'mismatch', what: 'size', message };
  }
  const tag = readETag(expected.checkSum);
  switch (tag.form) {
    case 'none':
      return { kind: 'unverified', why: 'no_checksum' };
    case 'unknown':
      return { kind: 'unverified', why: 'unknown_form' };
    case 'md5': {
      if (tag.md5 === file.md5) return { kind: 'verified', by: 'md5' };
      const message = `the MD5 of the file is ${file.md5} and should be ${tag.md5}`;
      return { kind: 'mismatch', what: 'checksum', message };
    }
    case 'parts':
      // No size gives it: cut otherwise than usual, or other bytes. Nobody can tell which.
      return (await isCutAsUsual(file, tag, signal))
        ? { kind: 'verified', by: 'multipart' }
        : { kind: 'unverified', why: 'unknown_parts' };
  }
}

async function isCutAsUsual(
  file: FetchedFile,
  tag: { readonly md5: string; readonly parts: number },
  signal: AbortSignal,
): Promise<boolean> {
  for (const partBytes of partSizes(file.bytes, tag.parts)) {
    if ((await md5OfParts(file, partBytes, signal)) === tag.md5) return true;
  }
  return false;
}

async function md5OfParts(
  file: FetchedFile,
  partBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const ofParts = createHash('md5');
  let from = 0;
  do {
    const part = createHash('md5');
    const to = Math.min(file.bytes, from + partBytes);
    for await (const piece of filePieces(file, { from, to })) {
      signal.throwIfAborted();
      part.update(piece);
    }
    ofParts.update(part.digest());
    from = to;
  } while (from < file.bytes);
  return ofParts.digest('hex');
}
