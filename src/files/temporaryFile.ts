import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A file that nobody else can open, and that has no name: the system frees it when the process ends, however it ends. Where files
 * cannot be made without a name, it loses it at once; where open files cannot lose theirs (Windows), it is removed at the end.
 */
export async function withTemporaryFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openNameless();
  if (file === null) return withNamedFile(use);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Of Linux, on all but a few old processors; Node names O_DIRECTORY alone. Source: open(2). */
const tmpfile = 0o20000000;

/** A file that never had a name; null where the system or the file system has no such thing. */
async function openNameless(): Promise<FileHandle | null> {
  if (platform() !== 'linux') return null;
  const flags = constants.O_DIRECTORY | tmpfile | constants.O_RDWR;
  return open(tmpdir(), flags, 0o600).catch(() => null);
}

async function withNamedFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `logferry-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    const isNameless = await unlink(path).then(
      () => true,
      () => false,
    );
    try {
      return await use(file);
    } finally {
      await file.close();
      if (!isNameless) await unlink(path);
    }
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
}
