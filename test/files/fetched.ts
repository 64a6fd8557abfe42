import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveReadLimits, FetchedFile } from '../../src/engine/filePort.ts';

export const LIMITS: ArchiveReadLimits = {
  entriesMax: 10_000,
  entryBytesMax: 2 * 1024 ** 3,
  totalBytesMax: 4 * 1024 ** 3,
  ratioMax: 200,
  lineBytesMax: 1024 * 1024,
};

/** These bytes as a fetched file, for as long as `use` takes. */
export async function withFetched<T>(
  bytes: Buffer,
  use: (file: FetchedFile) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'logferry-fetched-'));
  await writeFile(join(folder, 'file'), bytes);
  const handle = await open(join(folder, 'file'));
  try {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const md5 = createHash('md5').update(bytes).digest('hex');
    return await use({ bytes: bytes.length, sha256, md5, headers: {}, descriptor: handle.fd });
  } finally {
    await handle.close();
    await rm(folder, { recursive: true });
  }
}
