import { createHash, randomUUID, type Hash } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileTooLarge, type FetchedFile, type FileDownload } from '../engine/filePort.ts';
import type { StreamedAnswer } from '../providers/apiRequest.ts';

/** Streams a download into a temporary file: see FileEngine.fetch. */
export async function fetchFile<T>(
  download: FileDownload,
  use: (file: FetchedFile) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return withTemporaryFile(async (file) => {
    const receive = async ({ headers, body }: Omit<StreamedAnswer, 'rows'>) => {
      const hash = createHash('sha256');
      const bytes = await store(download, { file, hash, headers, body });
      return { bytes, sha256: hash.digest('hex'), headers, descriptor: file.fd };
    };
    const fetched = await download.api.stream(download.request, receive, signal);
    signal.throwIfAborted();
    return use(fetched);
  });
}

async function store(
  { fileBytesMax, onProgress }: FileDownload,
  to: Omit<StreamedAnswer, 'rows'> & { readonly file: FileHandle; readonly hash: Hash },
): Promise<number> {
  const declared = to.headers['content-length'] ?? '';
  const totalBytes = /^\d{1,15}$/.test(declared) ? Number(declared) : null;
  if (totalBytes !== null && totalBytes > fileBytesMax) throw new FileTooLarge(fileBytesMax);
  let bytes = 0;
  for await (const piece of to.body) {
    if (bytes + piece.length > fileBytesMax) throw new FileTooLarge(fileBytesMax);
    to.hash.update(piece);
    await writeAll(to.file, piece, bytes);
    bytes += piece.length;
    onProgress?.({ bytes, totalBytes });
  }
  return bytes;
}

/** One write may take less than it was given. */
async function writeAll(file: FileHandle, piece: Buffer, position: number): Promise<void> {
  for (let written = 0; written < piece.length;) {
    const { bytesWritten } = await file.write(
      piece,
      written,
      piece.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}

/**
 * A file that nobody else can open, and that loses its name at once: the system frees it when the process ends, however it
 * ends. Where open files cannot lose their name (Windows), it is removed at the end.
 */
async function withTemporaryFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
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
