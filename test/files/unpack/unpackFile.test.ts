import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import xxhash from 'xxhash-wasm';
import { ExportRefused, type Compression } from '../../../src/engine/filePort.ts';
import { unpackFile } from '../../../src/files/unpack/unpackFile.ts';
import { logText, packedFixture } from '../exportText.ts';
import { withFetched } from '../fetched.ts';

const LIMITS = { unpackedBytesMax: 2 ** 32, ratioMax: 10_000 };
const never = new AbortController().signal;
const MIB = 1024 * 1024;

interface Unpacked {
  readonly bytes: Buffer;
  readonly compression: Compression | null;
  readonly packedBytes: number;
}

async function unpack(packed: Buffer, limits: Partial<typeof LIMITS> = {}): Promise<Unpacked> {
  return withFetched(packed, async (file) => {
    const unpacking = unpackFile(file, { ...LIMITS, ...limits }, never);
    const pieces: Buffer[] = [];
    for await (const piece of unpacking.pieces) pieces.push(Buffer.from(piece));
    const bytes = Buffer.concat(pieces);
    expect(unpacking.unpackedBytes()).toBe(bytes.length);
    const packedBytes = unpacking.packedBytes();
    return { bytes, compression: unpacking.compression(), packedBytes };
  });
}

/** The fault for which a file is refused; null when it is not. */
async function refusalOf(packed: Buffer, limits: Partial<typeof LIMITS> = {}) {
  try {
    await unpack(packed, limits);
  } catch (error) {
    if (error instanceof ExportRefused) return error;
    throw error;
  }
  return null;
}

async function faultOf(packed: Buffer, limits: Partial<typeof LIMITS> = {}) {
  return (await refusalOf(packed, limits))?.fault ?? null;
}

const whole = Buffer.from(logText(1_300));
const small = Buffer.from(logText(5));

describe('a file packed by the usual tools', () => {
  it.each([
    ['whole.gz', 'gzip'],
    ['several.gz', 'gzip'],
    ['blocks-b4.lz4', 'lz4'],
    ['blocks-b7.lz4', 'lz4'],
    ['linked.lz4', 'lz4'],
    ['linked-checked.lz4', 'lz4'],
    ['no-checksum.lz4', 'lz4'],
    ['several.lz4', 'lz4'],
    ['level1.zst', 'zstd'],
    ['level19.zst', 'zstd'],
    ['long-unchecked.zst', 'zstd'],
    ['streamed.zst', 'zstd'],
    ['several.zst', 'zstd'],
  ])('gives back what was packed, byte for byte: %s', async (name, compression) => {
    const packed = await packedFixture(name);
    const unpacked = await unpack(packed);
    expect(unpacked.compression).toBe(compression);
    expect(unpacked.packedBytes).toBe(packed.length);
    expect(unpacked.bytes.equals(whole)).toBe(true);
  });

  it('is told by what it holds; a text is none', async () => {
    for (const text of ['', 'P', 'a,b\n1,2\n', '{"a":1}\n', '\u{FEFF}a\n', 'P*M']) {
      const unpacked = await unpack(Buffer.from(text));
      expect(unpacked.compression).toBe('none');
      expect(unpacked.bytes.toString()).toBe(text);
    }
  });

  it.each(['small.gz', 'small.lz4', 'small.zst'])(
    'is refused wherever it is cut: %s',
    async (name) => {
      const packed = await packedFixture(name);
      expect((await unpack(packed)).bytes.equals(small)).toBe(true);
      for (let length = 1; length < packed.length; length += 1) {
        expect([length, await faultOf(packed.subarray(0, length))]).toEqual([length, 'damaged']);
      }
    },
  );

  it.each(['several.gz', 'several.lz4', 'several.zst', 'linked.lz4', 'long-unchecked.zst'])(
    'is refused when its last byte is missing, or one is added: %s',
    async (name) => {
      const packed = await packedFixture(name);
      expect(await faultOf(packed.subarray(0, -1))).toBe('damaged');
      expect(await faultOf(Buffer.concat([packed, Buffer.from('x')]))).toBe('damaged');
    },
  );

  // Without a checksum nobody can notice: only a file that carries one is promised to be refused.
  it.each(['small.gz', 'small.lz4', 'small.zst'])(
    'never passes for another one with a bit flipped: %s',
    async (name) => {
      const packed = await packedFixture(name);
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: packed.length * 8 - 1 }), async (bit) => {
          const flipped = Buffer.from(packed);
          flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          try {
            const { bytes, compression } = await unpack(flipped);
            // In the magic number: then it is no packed file, and what is in it no text either.
            if (compression !== 'none') expect(bytes.equals(small)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ExportRefused);
          }
        }),
        { numRuns: 150 },
      );
    },
  );

  it('passes with a byte flipped when nothing is checked: the checksums above are what notices', async () => {
    const packed = await packedFixture('no-checksum.lz4');
    const literal = packed.indexOf('level');
    packed.write('L', literal);
    expect((await unpack(packed)).bytes.includes('Level')).toBe(true);
  });

  it('in the legacy format of LZ4 is refused with advice', async () => {
    const refusal = await refusalOf(await packedFixture('legacy.lz4'));
    expect(refusal?.fault).toBe('damaged');
    expect(refusal?.message).toMatch(/legacy format of LZ4/);
  });

  it('that asks for a window of 1 GiB is refused before it gets one', async () => {
    const refusal = await refusalOf(await packedFixture('wide-window.zst'));
    expect(refusal?.message).toMatch(/window of 1024 MiB; 128 MiB are the most/);
  });

  it('may be padded with zeros behind gzip, and with nothing else', async () => {
    const packed = gzipSync('text');
    expect((await unpack(Buffer.concat([packed, Buffer.alloc(700)]))).bytes.toString()).toBe(
      'text',
    );
    const hidden = Buffer.concat([packed, Buffer.alloc(3), gzipSync('more')]);
    expect(await faultOf(hidden)).toBe('damaged');
  });
});

describe('a bomb', () => {
  const bytes = 300 * MIB;

  it.each(['gzip', 'lz4', 'zstd'] as const)(
    'in %s is refused while it is unpacked',
    async (form) => {
      const bomb = await bombOf(form, bytes);
      expect(bomb.length).toBeLessThan(bytes / 200);
      const before = heldBytes();
      expect(await faultOf(bomb, { ratioMax: 100 })).toBe('ratio_too_high');
      expect(await faultOf(bomb, { unpackedBytesMax: 64 * MIB })).toBe('too_large');
      expect(heldBytes() - before).toBeLessThan(bytes / 2);
    },
  );

  it('passes where the limits are wide: they are what refuses it', async () => {
    expect(await faultOf(await bombOf('lz4', 16 * MIB))).toBeNull();
  });

  it('of less than 1 MiB is none', async () => {
    expect(await faultOf(gzipSync(Buffer.alloc(MIB)), { ratioMax: 2 })).toBeNull();
    expect(await faultOf(gzipSync(Buffer.alloc(MIB + 1)), { ratioMax: 2 })).toBe('ratio_too_high');
  });
});

async function bombOf(form: 'gzip' | 'lz4' | 'zstd', bytes: number): Promise<Buffer> {
  const blocks = Math.ceil(bytes / (128 * 1024));
  switch (form) {
    case 'gzip':
      return Buffer.concat(Array.from({ length: bytes / (4 * MIB) }, () => zeros));
    case 'zstd': {
      // A frame without a size; each block says "128 KiB of this byte".
      const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
      const block = (isLast: boolean) => {
        const head = Buffer.alloc(4);
        head.writeUIntLE(((128 * 1024) << 3) | (1 << 1) | (isLast ? 1 : 0), 0, 3);
        return head;
      };
      return Buffer.concat([
        header,
        ...Array.from({ length: blocks - 1 }, () => block(false)),
        block(true),
      ]);
    }
    case 'lz4': {
      // One literal, and a match of 64 KiB that repeats it; five literals close the block.
      const repeated = Buffer.concat([
        Buffer.from([0x1f, 0x00, 0x01, 0x00]),
        Buffer.alloc(256, 255),
        Buffer.from([0, 0x50, 0, 0, 0, 0, 0]),
      ]);
      const head = Buffer.alloc(4);
      head.writeUInt32LE(repeated.length);
      return lz4Frame(
        Array.from({ length: 2 * blocks }, () => Buffer.concat([head, repeated])),
        { sizeId: 5, flags: 0x60 },
      );
    }
  }
}

function heldBytes(): number {
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const zeros = gzipSync(Buffer.alloc(4 * MIB));

async function lz4Frame(
  blocks: readonly Buffer[],
  { sizeId, flags }: { readonly sizeId: number; readonly flags: number },
): Promise<Buffer> {
  const hashes = await xxhash();
  const descriptor = Buffer.from([flags, sizeId << 4]);
  const check = Buffer.from([(hashes.h32Raw(descriptor) >>> 8) & 0xff]);
  const magic = Buffer.from([0x04, 0x22, 0x4d, 0x18]);
  return Buffer.concat([magic, descriptor, check, ...blocks, Buffer.alloc(4)]);
}

describe('frames built by hand', () => {
  it('with stored blocks of any sizes are unpacked: LZ4 and Zstandard', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        async (parts) => {
          const content = Buffer.concat(parts);
          const lz4 = await lz4Frame(parts.filter(({ length }) => length > 0).map(storedLz4Block), {
            sizeId: 4,
            flags: 0x60,
          });
          const zstd = Buffer.concat([
            Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
            ...parts.map((part) => storedZstdBlock(part, false)),
            storedZstdBlock(new Uint8Array(), true),
          ]);
          for (const packed of [lz4, zstd, Buffer.concat([lz4, lz4])]) {
            const { bytes } = await unpack(packed);
            const repeats = packed.length > lz4.length && packed.equals(Buffer.concat([lz4, lz4]));
            expect(bytes.equals(repeats ? Buffer.concat([content, content]) : content)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are refused when a match reaches behind their beginning', async () => {
    const block = Buffer.from([0x10, 0x61, 0x02, 0x00, 0x50, 1, 2, 3, 4, 5]);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(block.length);
    const frame = await lz4Frame([Buffer.concat([head, block])], { sizeId: 4, flags: 0x60 });
    expect((await refusalOf(frame))?.message).toMatch(/cannot be unpacked/);
  });

  it('are refused when they want a dictionary', async () => {
    const lz4 = await lz4Frame([], { sizeId: 4, flags: 0x60 });
    const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x58, 0x07, 0x01, 0x00, 0x00]);
    expect(await faultOf(lz4)).toBeNull();
    expect((await refusalOf(zstd))?.message).toMatch(/dictionary/);
  });
});

function storedLz4Block(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length + 0x8000_0000);
  return Buffer.concat([head, bytes]);
}

function storedZstdBlock(bytes: Uint8Array, isLast: boolean): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((bytes.length << 3) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([head, bytes]);
}
