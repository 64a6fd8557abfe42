import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import {
  FileCut,
  FileTooLarge,
  type FetchedFile,
  type FileAnswer,
  type FileDownload,
  type FileFrom,
} from '../engine/filePort.ts';
import { withTemporaryFile } from './temporaryFile.ts';
import { writeAll } from './writeAll.ts';

/** Streams a download into a temporary file: see FileEngine.fetch. */
export async function fetchFile<T>(
  download: FileDownload,
  use: (file: FetchedFile) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return withTemporaryFile(async (file) => {
    const fetched = await receive(download, file, signal);
    signal.throwIfAborted();
    return use(fetched);
  });
}

/** Tries until one try comes to its end, or `onCut` gives up. */
async function receive(
  download: FileDownload,
  file: FileHandle,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const held = holdBytes(download, file);
  for (;;) {
    try {
      return await download.open(held.from(), (answer) => held.take(answer), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FileTooLarge || download.onCut === undefined) throw error;
      const next = await download.onCut(error, { bytes: held.from().fromByte });
      if (next === 'give_up') throw error;
    }
  }
}

/** What is held of a file, over all tries. */
interface HeldBytes {
  /** Where the next try may begin. */
  from(): FileFrom;
  /** Takes the bytes of a try to its end. @throws FileCut; FileTooLarge; what the body throws */
  take(answer: FileAnswer): Promise<FetchedFile>;
}

function holdBytes(
  { fileBytesMax, onProgress }: Pick<FileDownload, 'fileBytesMax' | 'onProgress'>,
  file: FileHandle,
): HeldBytes {
  let [sha256, md5] = [createHash('sha256'), createHash('md5')];
  let bytes = 0;
  let etag: string | null = null;

  const drop = async (): Promise<void> => {
    await file.truncate(0);
    [sha256, md5] = [createHash('sha256'), createHash('md5')];
    bytes = 0;
    etag = null;
  };

  /** Hashed only when it was written: what is held, counted and hashed are always the same bytes. */
  const add = async (piece: Buffer): Promise<void> => {
    await writeAll(file, piece, bytes);
    sha256.update(piece);
    md5.update(piece);
    bytes += piece.length;
  };

  return {
    from: () => ({ fromByte: bytes, etag }),
    take: async ({ headers, body, startsAt, totalBytes }) => {
      if (startsAt !== bytes) await drop();
      if (startsAt !== bytes) throw new Error(`the answer starts at byte ${startsAt} of the file`);
      if (totalBytes !== null && totalBytes > fileBytesMax) throw new FileTooLarge(fileBytesMax);
      etag = headers['etag'] ?? null;
      for await (const piece of body) {
        if (bytes + piece.length > fileBytesMax) throw new FileTooLarge(fileBytesMax);
        await add(piece);
        onProgress?.({ bytes, totalBytes });
      }
      if (totalBytes !== null && bytes !== totalBytes) {
        const cut = new FileCut(bytes, totalBytes);
        // With too many bytes there is no telling which of them are the file's.
        if (bytes > totalBytes) await drop();
        throw cut;
      }
      const digests = { sha256: sha256.digest('hex'), md5: md5.digest('hex') };
      return { bytes, ...digests, headers, descriptor: file.fd };
    },
  };
}
