import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A file that nobody else can open, and that loses its name at once: the system frees it when the process ends, however it
 * ends. Where open files cannot lose their name (Windows), it is removed at the end.
 */
export async function withTemporaryFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
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
