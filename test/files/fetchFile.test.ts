import { createHash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  FileCut,
  FileTooLarge,
  type FetchedFile,
  type FileDownload,
  type FileFrom,
  type OpenFile,
} from '../../src/engine/filePort.ts';
import { fetchFile } from '../../src/files/fetchFile.ts';

const never = new AbortController().signal;
const digestOf = (name: string, bytes: Buffer) => createHash(name).update(bytes).digest('hex');
const cut = new Error('cut');

/** One try as a server answers it: where it begins, how much comes, what it tells. */
interface Try {
  /** `held`: behind what is held already. */
  readonly from: 'start' | 'held';
  /** Bytes that come before the connection is cut; null: all. */
  readonly cutAfter: number | null;
  readonly totalBytes?: number | null;
}

/** A server of `bytes` that answers one try after the other, and notes what it was asked. */
function server(bytes: Buffer, tries: readonly Try[], pieceBytes = 7) {
  const asked: FileFrom[] = [];
  const open: OpenFile = async (from, consume) => {
    const next = tries[asked.length];
    asked.push(from);
    if (next === undefined) throw new Error('asked too often');
    const startsAt = next.from === 'held' ? from.fromByte : 0;
    const rest = bytes.subarray(startsAt);
    async function* body() {
      const sent = rest.subarray(0, next?.cutAfter ?? rest.length);
      for (let at = 0; at < sent.length; at += pieceBytes) {
        yield sent.subarray(at, at + pieceBytes);
      }
      if (next?.cutAfter !== null) throw cut;
    }
    const { totalBytes = bytes.length } = next;
    return consume({ headers: { etag: '"one"' }, body: body(), startsAt, totalBytes });
  };
  return { open, asked };
}

async function fetched(download: Omit<FileDownload, 'fileBytesMax'> & Partial<FileDownload>) {
  const use = async (file: FetchedFile) => ({ ...file, content: contentOf(file) });
  return fetchFile({ fileBytesMax: 1_000_000, ...download }, use, never);
}

/** All that stands in the file, also behind its last byte. */
function contentOf({ descriptor }: FetchedFile): Buffer {
  const content = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, content, 0, content.length, 0);
  return content;
}

const again = async () => 'again' as const;
const some = Buffer.from('0123456789'.repeat(10));

describe('fetchFile', () => {
  it('gives the very bytes, their number and digests, however often it is cut and begun anew', async () => {
    const tries = fc.array(
      fc.record({
        from: fc.constantFrom('start' as const, 'held' as const),
        cutAfter: fc.nat(200),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        tries,
        fc.constantFrom('start' as const, 'held' as const),
        async (content, cuts, from) => {
          const bytes = Buffer.from(content);
          const { open } = server(bytes, [...cuts, { from, cutAfter: null }]);
          const file = await fetched({ open, onCut: again });
          expect(file.content.equals(bytes)).toBe(true);
          expect([file.bytes, file.sha256, file.md5]).toEqual([
            bytes.length,
            digestOf('sha256', bytes),
            digestOf('md5', bytes),
          ]);
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 4_000 },
    );
  });

  it('goes on behind what is held, under the ETag it came with', async () => {
    const { open, asked } = server(some, [
      { from: 'start', cutAfter: 30 },
      { from: 'held', cutAfter: 12 },
      { from: 'held', cutAfter: null },
    ]);
    const held: number[] = [];
    const onCut = async (error: unknown, { bytes }: { readonly bytes: number }) => {
      expect(error).toBe(cut);
      held.push(bytes);
      return 'again' as const;
    };
    await fetched({ open, onCut });
    expect(asked).toEqual([
      { fromByte: 0, etag: null },
      { fromByte: 30, etag: '"one"' },
      { fromByte: 42, etag: '"one"' },
    ]);
    expect(held).toEqual([30, 42]);
  });

  it('keeps nothing of a longer file when a shorter one takes its place', async () => {
    const short = Buffer.from('short');
    const long = server(some, [{ from: 'start', cutAfter: 90 }]);
    const other = server(short, [{ from: 'start', cutAfter: null }]);
    let tries = 0;
    const open: OpenFile = (from, consume, signal) =>
      (tries++ === 0 ? long : other).open(from, consume, signal);
    const file = await fetched({ open, onCut: again });
    expect([file.content.toString(), file.md5]).toEqual(['short', digestOf('md5', short)]);
  });

  it('takes a body that ends well before the told length for cut', async () => {
    const half = { from: 'start', cutAfter: null, totalBytes: 200 } as const;
    const { open } = server(some, [half]);
    await expect(fetched({ open })).rejects.toThrow(new FileCut(100, 200));
    const twice = server(some, [half, { from: 'start', cutAfter: null }]);
    expect((await fetched({ open: twice.open, onCut: again })).bytes).toBe(100);
  });

  it('keeps nothing of a body that is longer than told', async () => {
    const { open, asked } = server(some, [
      { from: 'start', cutAfter: null, totalBytes: 99 },
      { from: 'held', cutAfter: null },
    ]);
    const file = await fetched({ open, onCut: again });
    expect([asked[1]?.fromByte, file.bytes]).toEqual([0, 100]);
  });

  it('takes a body of no told length as it comes', async () => {
    const { open } = server(some, [{ from: 'start', cutAfter: null, totalBytes: null }]);
    expect((await fetched({ open })).bytes).toBe(100);
  });

  it('gives up when it is told to, with the failure itself', async () => {
    const { open, asked } = server(some, [
      { from: 'start', cutAfter: 10 },
      { from: 'held', cutAfter: 10 },
    ]);
    let cuts = 0;
    const onCut = async () => (++cuts === 2 ? ('give_up' as const) : ('again' as const));
    await expect(fetched({ open, onCut })).rejects.toBe(cut);
    expect(asked).toHaveLength(2);
  });

  it('gives up at the first failure when nobody is to be asked', async () => {
    const { open } = server(some, [{ from: 'start', cutAfter: 10 }]);
    await expect(fetched({ open })).rejects.toBe(cut);
  });

  it('refuses a file over its bound as soon as that is known, and never asks for it again', async () => {
    const told = server(some, [{ from: 'start', cutAfter: 0 }]);
    const untold = server(some, [{ from: 'start', cutAfter: null, totalBytes: null }]);
    for (const { open } of [told, untold]) {
      const onCut = async () => {
        throw new Error('asked');
      };
      await expect(fetched({ open, onCut, fileBytesMax: 99 })).rejects.toThrow(FileTooLarge);
    }
    const whole = server(some, [{ from: 'start', cutAfter: null }]);
    expect((await fetched({ open: whole.open, fileBytesMax: 100 })).bytes).toBe(100);
  });

  it('counts the resumed bytes towards the bound', async () => {
    const { open } = server(some, [
      { from: 'start', cutAfter: 50, totalBytes: null },
      { from: 'held', cutAfter: null, totalBytes: null },
    ]);
    await expect(fetched({ open, onCut: again, fileBytesMax: 99 })).rejects.toThrow(FileTooLarge);
  });

  it('tells its progress over all tries', async () => {
    const { open } = server(
      some,
      [
        { from: 'start', cutAfter: 40 },
        { from: 'held', cutAfter: null },
      ],
      20,
    );
    const seen: number[] = [];
    await fetched({ open, onCut: again, onProgress: ({ bytes }) => seen.push(bytes) });
    expect(seen).toEqual([20, 40, 60, 80, 100]);
  });

  it('ends with the signal, whatever it is to be asked', async () => {
    const leaving = new AbortController();
    const reason = new Error('shutdown');
    const open: OpenFile = async () => {
      leaving.abort(reason);
      throw cut;
    };
    const download = { open, fileBytesMax: 10, onCut: again };
    await expect(fetchFile(download, async () => 1, leaving.signal)).rejects.toBe(reason);
  });

  it('receives into a file without a name, closed to others, and closes it in the end', async () => {
    const { open } = server(some, [{ from: 'start', cutAfter: null }]);
    const facts = await fetchFile(
      { open, fileBytesMax: 1_000 },
      async ({ descriptor }) => {
        const { mode, nlink } = fstatSync(descriptor);
        return { mode: mode & 0o777, nlink, descriptor };
      },
      never,
    );
    expect(facts).toMatchObject({ mode: 0o600, nlink: 0 });
    expect(() => fstatSync(facts.descriptor)).toThrow('EBADF');
  });
});
