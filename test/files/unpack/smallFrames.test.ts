import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { loadXxHash } from '../../../src/files/unpack/xxHash.ts';
import { read } from '../exported.ts';

const { hash32 } = await loadXxHash();
const line = '{"a":1}\n';

/** A frame that announces blocks of 4 MiB, and holds so much. */
function lz4Frame(text: string): Buffer {
  const fields = Buffer.from([0x60, 0x70]);
  const magic = Buffer.from([0x04, 0x22, 0x4d, 0x18]);
  const header = Buffer.concat([magic, fields, Buffer.from([(hash32(fields) >>> 8) & 0xff])]);
  return Buffer.concat([header, text === '' ? Buffer.alloc(0) : lz4Block(text), Buffer.alloc(4)]);
}

function lz4Block(text: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(0x8000_0000 + text.length);
  return Buffer.concat([size, Buffer.from(text)]);
}

/** A frame that asks for a window of 128 MiB, and holds so much in one block. */
function zstdFrame(text: string): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88]);
  const size = Buffer.alloc(3);
  size.writeUIntLE((text.length << 3) | 1, 0, 3);
  return Buffer.concat([header, size, Buffer.from(text)]);
}

const frames = [
  ['gzip', gzipSync],
  ['lz4', lz4Frame],
  ['zstd', zstdFrame],
] as const;

function many(frame: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => frame));
}

describe('a file of thousands of small frames that each ask for the most memory there is', () => {
  it.each(frames)('gives every row, within seconds: %s', async (_, frameOf) => {
    const packed = Buffer.concat([many(frameOf(''), 5_000), many(frameOf(line), 5_000)]);
    const { rows, fault } = await read(packed, { format: 'json' });
    expect([rows.length, fault]).toEqual([5_000, null]);
  });

  it.each(frames)('lets others work in between: %s', async (_, frameOf) => {
    const beats = { count: 0, isOver: false };
    const beat = async (): Promise<void> => {
      for (; !beats.isOver; beats.count += 1) await setImmediate();
    };
    const beating = beat();
    await read(many(frameOf(line), 5_000), { format: 'json' });
    beats.isOver = true;
    await beating;
    expect(beats.count).toBeGreaterThan(5);
  });

  it.each(frames)('is read no further once the signal has fired: %s', async (_, frameOf) => {
    const signal = AbortSignal.abort(new Error('stopped'));
    const packed = many(frameOf(''), 100);
    const padded = frameOf === gzipSync ? many(frameOf(line), 100) : packed;
    await expect(read(padded, { format: 'json', signal })).rejects.toThrow('stopped');
  });
});

describe('a long file', () => {
  it('whose records were read before is passed over no further once the signal has fired', async () => {
    const controller = new AbortController();
    const skip = { format: 'json', skipRecords: 1_000_000, signal: controller.signal } as const;
    const reading = read(line.repeat(1_000_000), skip);
    controller.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
  });
});
